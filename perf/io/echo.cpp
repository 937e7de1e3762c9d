#include "io/echo.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <utility>
#include <vector>

#include "support/add_case.hpp"
#include "support/bench.hpp"
#include "support/quantiles.hpp"

namespace io {
namespace {

using Clock = std::chrono::steady_clock;

/// As long as it lives this thread, and those that it begins, run on some of the processors that it had, from the one numbered `first` of them on. If
/// there are not so many it runs on all.
class Bound {
 public:
  Bound(unsigned first, unsigned count) {
    perf::verify(::sched_getaffinity(0, sizeof before_, &before_) == 0, "which processors there are");
    cpu_set_t set;
    CPU_ZERO(&set);
    unsigned number = 0;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &before_)) continue;
      if (number >= first && number < first + count) CPU_SET(cpu, &set);
      ++number;
    }
    if (number >= first + count) perf::verify(::sched_setaffinity(0, sizeof set, &set) == 0, "processors for each side");
  }
  ~Bound() { ::sched_setaffinity(0, sizeof before_, &before_); }
  Bound(const Bound&) = delete;
  Bound& operator=(const Bound&) = delete;

 private:
  cpu_set_t before_;
};

class Listener {
 public:
  Listener() {
    perf::verify(file_ >= 0, "a socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    perf::verify(::bind(file_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "a port");
    perf::verify(::listen(file_, 1024) == 0, "listening");
    socklen_t size = sizeof address_;
    perf::verify(::getsockname(file_, reinterpret_cast<sockaddr*>(&address_), &size) == 0, "an address");
  }
  ~Listener() { ::close(file_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] int file() const { return file_; }
  [[nodiscard]] int connect() const {
    const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    perf::verify(::connect(file, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) == 0, "connecting");
    const int on = 1;
    ::setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return file;
  }

 private:
  const int file_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address_{};
};

/// The server's process.
class Server {
 public:
  Server(const Listener& listener, const Serve& serve, int connections, unsigned processors) : process_(::fork()) {
    perf::verify(process_ >= 0, "a process");
    if (process_ != 0) {
      ::clock_getcpuclockid(process_, &clock_);
      return;
    }
    const Bound bound(0, processors);
    serve(listener.file(), connections);
    ::_exit(0);
  }
  ~Server() {
    int status = 0;
    ::waitpid(process_, &status, 0);
    perf::verify(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the server ends when all connections have");
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Readable when it has ended; negative before Linux 5.3.
  [[nodiscard]] int file() const { return static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)); }
  [[nodiscard]] double cpu_seconds() const {
    timespec time{};
    ::clock_gettime(clock_, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
  [[nodiscard]] double resident_kib() const {
    std::ifstream file("/proc/" + std::to_string(process_) + "/statm");
    double size = 0;
    double resident = 0;
    file >> size >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
  }

 private:
  const pid_t process_;
  clockid_t clock_{};
};

struct Connection {
  int file;
  std::uint64_t value;  // of the message that is under way
  Clock::time_point sent;
  int received;
};

class Client {
 public:
  Client(const Listener& listener, const Server& server, int connections) : epoll_(::epoll_create1(EPOLL_CLOEXEC)), server_(server.file()) {
    epoll_event end{};
    end.events = EPOLLIN;
    end.data.u32 = kServerEnds;
    if (server_ >= 0) ::epoll_ctl(epoll_, EPOLL_CTL_ADD, server_, &end);
    connections_.reserve(static_cast<std::size_t>(connections));
    for (int i = 0; i < connections; ++i) {
      connections_.push_back({listener.connect(), 0, {}, 0});
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u32 = static_cast<std::uint32_t>(i);
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back().file, &event);
    }
  }
  ~Client() {
    for (const Connection& connection : connections_) ::close(connection.file);
    if (server_ >= 0) ::close(server_);
    ::close(epoll_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Has so many messages echoed, on all connections at once.
  void exchange(int messages, perf::Quantiles* times) {
    int to_send = messages;
    int under_way = 0;
    for (Connection& connection : connections_) {
      if (to_send == 0) break;
      send(connection);
      --to_send;
      ++under_way;
    }
    std::vector<epoll_event> events(connections_.size());
    while (under_way != 0) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const std::uint32_t of = events[static_cast<std::size_t>(i)].data.u32;
        perf::verify(of != kServerEnds, "the server is there until the end");
        Connection& connection = connections_[of];
        if (!receive(connection)) continue;
        if (times != nullptr) times->note(Clock::now() - connection.sent);
        if (to_send == 0) {
          --under_way;
          continue;
        }
        send(connection);
        --to_send;
      }
    }
  }

 private:
  void send(Connection& connection) {
    std::uint64_t message[kMessage / sizeof(std::uint64_t)];
    std::fill(std::begin(message), std::end(message), ++connection.value);
    connection.sent = Clock::now();
    connection.received = 0;
    perf::verify(::send(connection.file, message, sizeof message, MSG_NOSIGNAL) == kMessage, "a message is sent");
  }
  /// True: all of the message is there.
  bool receive(Connection& connection) {
    std::uint64_t message[kMessage / sizeof(std::uint64_t)];
    const ssize_t count = ::recv(connection.file, message, static_cast<std::size_t>(kMessage - connection.received), MSG_DONTWAIT);
    perf::verify(count > 0, "the server answers");
    connection.received += static_cast<int>(count);
    if (count == kMessage) perf::verify(message[0] == connection.value && message[kMessage / 8 - 1] == connection.value, "what comes back is what was sent");
    return connection.received == kMessage;
  }

  static constexpr std::uint32_t kServerEnds = ~std::uint32_t{0};

  const int epoll_;
  const int server_;
  std::vector<Connection> connections_;
};

void run(benchmark::State& state, const Serve& serve, int connections, unsigned processors) {
  const int messages = perf::size(connections == 1 ? 20'000 : 200'000, 2 * connections);
  double seconds = 0;
  double each_kib = 0;
  std::int64_t count = 0;
  perf::Quantiles times(state);
  while (state.KeepRunningBatch(messages)) {
    const Listener listener;
    const Server server(listener, serve, connections + 1, processors);
    {
      const Bound bound(processors, 1);
      Client first(listener, server, 1);  // the server has made what it makes once
      first.exchange(100, nullptr);
      const double before_kib = server.resident_kib();
      Client client(listener, server, connections);
      client.exchange(messages / 10, nullptr);
      each_kib += (server.resident_kib() - before_kib) / connections;
      const double cpu_before = server.cpu_seconds();
      const auto start = Clock::now();
      client.exchange(messages, &times);
      seconds += std::chrono::duration<double>(Clock::now() - start).count();
      const double used = server.cpu_seconds() - cpu_before;
      state.SetIterationTime(used);
      count += messages;
    }
  }
  times.record();
  state.counters["per_s"] = static_cast<double>(count) / seconds;
  state.counters["KiB_each"] = each_kib * messages / static_cast<double>(count);
}

}  // namespace

bool add_echo(const std::string& contender, Serve serve, unsigned processors) {
  for (const int connections : {1, 64, 1000}) {
    const std::string problem = "echo-" + std::to_string(connections);
    perf::add(problem, contender, processors, [serve, connections, processors](benchmark::State& state) { run(state, serve, connections, processors); })
        ->UseManualTime()
        ->Unit(benchmark::kNanosecond);
  }
  return true;
}

}  // namespace io
