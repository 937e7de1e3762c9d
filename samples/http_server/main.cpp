/// @file
/// A server of HTTP/1.1: files of a folder, a count of words, and figures of itself.
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <variant>

#include <weft/weft.hpp>

#include "options.hpp"
#include "program/command_line.hpp"
#include "program/standard_streams.hpp"
#include "server.hpp"

namespace http_server {
namespace {

weft::Task<> first_of(weft::io::Signals& signals) {
  const weft::io::Signal signal = co_await signals.next();
  std::fprintf(stderr, "http_server: signal %d: no new connections\n", signal.number);
}

/// Breaks off the drain.
weft::Task<std::size_t> second_of(weft::io::Signals& signals) {
  const weft::io::Signal signal = co_await signals.next();
  throw std::runtime_error("broken off by signal " + std::to_string(signal.number));
}

weft::Task<std::size_t> run_until_told(Server& server, weft::io::Signals& signals) {
  weft::io::EventFd is_told;
  auto told = [&]() -> weft::Task<> {
    co_await first_of(signals);
    is_told.add();
  };
  auto again = [&]() -> weft::Task<std::size_t> {
    static_cast<void>(co_await is_told.wait());
    co_return co_await second_of(signals);
  };
  auto first = co_await weft::when_any(server.run(told()), again());
  co_return std::get<0>(first);
}

int run(const Options& options) {
  // Before any thread, so that all have them blocked.
  weft::io::Signals signals = weft::io::signals(SIGINT, SIGTERM);
  weft::Runtime runtime{{.workers = options.workers, .io_backend = options.backend}};
  Server server(options);
  std::printf("http_server: serving %s at http://%s/\n", options.folder.c_str(), server.address().to_string().c_str());
  program::finish_standard_output();
  const std::size_t broken_off = runtime.run(run_until_told(server, signals));
  if (broken_off > 0) std::fprintf(stderr, "http_server: %zu connections were broken off\n", broken_off);
  return 0;
}

}  // namespace
}  // namespace http_server

int main(int argc, char** argv) {
  using namespace http_server;
  return program::run_program("http_server", [&] {
    const ParsedOptions parsed = parse_options(argc, argv);
    return parsed.exit_status ? *parsed.exit_status : run(parsed.options);
  });
}
