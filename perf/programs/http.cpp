// samples/http_server beside nginx, each with one worker, under wrk on the same machine: processor time of the server for each request.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "programs/child.hpp"
#include "programs/program_paths.hpp"
#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace programs {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPage = 612;  // as the page that nginx comes with

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A port that nobody has at the moment.
int free_port() {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  perf::verify(::bind(file, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "a port");
  perf::verify(::getsockname(file, reinterpret_cast<sockaddr*>(&address), &size) == 0, "an address");
  ::close(file);
  return ntohs(address.sin_port);
}

/// What the server answers; empty while nobody listens.
std::string get_page(int port) {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  std::string answer;
  if (::connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = "GET /page.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    perf::verify(::send(file, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()), "a request is sent");
    char part[4096];
    for (ssize_t size = 0; (size = ::recv(file, part, sizeof part, 0)) > 0;) answer.append(part, static_cast<std::size_t>(size));
  }
  ::close(file);
  return answer;
}

class Site {
 public:
  Site() {
    std::filesystem::create_directory(path());
    std::ofstream(folder_.path("site/page.html")) << std::string(kPage, 'x');
  }
  [[nodiscard]] std::string path() const { return folder_.path("site"); }
  [[nodiscard]] const Folder& beside() const { return folder_; }

 private:
  Folder folder_;
};

using Command = std::vector<std::string> (*)(const Site& site, int port);

std::vector<std::string> weft_command(const Site& site, int port) {
  return {WEFT_PERF_HTTP_SERVER, "--workers", "1", "--listen", "127.0.0.1:" + std::to_string(port), site.path()};
}

/// Where nginx would write; by itself into folders of the machine, which only root may make.
std::string temporary_paths(const Site& site) {
  std::string lines;
  for (const char* of : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    lines += "  " + std::string(of) + "_temp_path " + site.beside().path(std::string(of)) + ";\n";
  }
  return lines;
}

std::vector<std::string> nginx_command(const Site& site, int port) {
  const std::string config = site.beside().path("nginx.conf");
  std::ofstream(config) << "daemon off;\nmaster_process off;\nworker_processes 1;\npid " << site.beside().path("nginx.pid")
                        << ";\nevents { worker_connections 1024; }\nhttp {\n  access_log off;\n  sendfile on;\n  keepalive_requests 100000000;\n"
                        << temporary_paths(site) << "  server {\n    listen 127.0.0.1:" << port << ";\n    root "
                        << site.path() << ";\n  }\n}\n";
  return {*find_program("nginx"), "-c", config, "-e", site.beside().path("nginx.log")};
}

/// The number behind these words in what wrk has printed.
double number_behind(const std::string& text, const std::string& words) {
  const std::size_t at = text.find(words);
  perf::verify(at != std::string::npos, "wrk prints what it has measured");
  return std::stod(text.substr(at + words.size()));
}

void run(benchmark::State& state, Command command) {
  const std::string seconds = perf::smoke() ? "1" : "4";
  const Site site;
  const int port = free_port();
  const Child server(command(site, port), site.beside().path("server.out"));
  std::string answer;
  while ((answer = get_page(port)).empty()) {
    perf::verify(server.goes_on(), "the server begins");
    std::this_thread::sleep_for(1ms);
  }
  perf::verify(answer.find(" 200 ") != std::string::npos && answer.find(std::string(kPage, 'x')) != std::string::npos, "the page comes");
  double rate = 0;
  for ([[maybe_unused]] auto _ : state) {
    const std::string output = site.beside().path("wrk.out");
    const double before = server.cpu_seconds();
    Child({*find_program("wrk"), "-t2", "-c64", "-d" + seconds, "http://127.0.0.1:" + std::to_string(port) + "/page.html"}, output).wait();
    const double used = server.cpu_seconds() - before;
    const std::string said = content_of(output);
    perf::verify(said.find("Socket errors") == std::string::npos && said.find("Non-2xx") == std::string::npos, "each request is answered");
    rate += number_behind(said, "Requests/sec:");
    const auto requests = static_cast<double>(std::stoll(said.substr(said.rfind('\n', said.find(" requests in ")) + 1)));
    state.SetIterationTime(used / requests);
  }
  state.counters["per_s"] = rate / static_cast<double>(state.iterations());
}

void add(const std::string& contender, Command command) {
  // The server has one thread, and the processors that wrk leaves it.
  perf::add("http", contender, 1, [command](benchmark::State& state) { run(state, command); })
      ->UseManualTime()
      ->Iterations(1)
      ->Unit(benchmark::kMicrosecond);
}

[[maybe_unused]] const bool is_added = [] {
  if (!find_program("wrk")) return false;
  add("weft", weft_command);
  if (find_program("nginx")) add("nginx", nginx_command);
  return true;
}();

}  // namespace
}  // namespace programs
