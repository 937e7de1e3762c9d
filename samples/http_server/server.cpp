#include "server.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <weft/coro/when_any.hpp>
#include <weft/time/sleep.hpp>
#include <weft/time/timeout.hpp>

namespace http_server {
namespace {

constexpr std::chrono::milliseconds kPauseWithoutDescriptors{20};
constexpr int kMostRefused = 64;  // who are seen off at the same time

/// Counts itself, as long as it lives.
class RefusedEntry {
 public:
  // relaxed: a count.
  explicit RefusedEntry(std::atomic<int>& count) noexcept : count_(count) { count_.fetch_add(1, std::memory_order_relaxed); }
  RefusedEntry(const RefusedEntry&) = delete;
  RefusedEntry& operator=(const RefusedEntry&) = delete;
  ~RefusedEntry() { count_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  std::atomic<int>& count_;
};

/// Whether this is a limit of the machine that passes.
bool is_limit(std::error_code error) {
  return error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system || error == std::errc::no_buffer_space ||
         error == std::errc::not_enough_memory;
}

}  // namespace

Server::Server(const Options& options)
    : limits_(options.limits), files_(options.folder), listener_(weft::io::TcpListener::listen(options.address)) {}

weft::Task<std::size_t> Server::run(weft::Task<> told_to_stop) {
  std::size_t broken_off = 0;
  co_await weft::with_task_group([&](weft::TaskGroup& group) -> weft::Task<> {
    // The first to end is the word to stop; the other one is then asked to.
    static_cast<void>(co_await weft::when_any(std::move(told_to_stop), accept_all(group)));
    listener_.close();
    const bool are_gone = !connections_.begin_drain() || co_await weft::completed_within(wait_until_gone(), limits_.drain);
    if (!are_gone) broken_off = connections_.count();
    // Also for those that were refused and have not gone yet.
    group.request_stop();
  });
  co_return broken_off;
}

weft::Task<> Server::accept_all(weft::TaskGroup& group) {
  for (;;) {
    auto stream = co_await listener_.accept().or_error();
    if (stream) {
      // Counted here, where nobody else does, and so that a server that stops waits for it from now on.
      std::optional<OpenConnections::Entry> place;
      if (connections_.count() < limits_.connections) place.emplace(connections_);
      group.spawn(serve(std::move(*stream), std::move(place)));
    } else if (is_limit(stream.error())) {
      // Nothing is lost: the connection waits until one of those that are served has ended.
      co_await weft::sleep_for(kPauseWithoutDescriptors);
    } else {
      throw std::system_error(stream.error(), "accept");
    }
  }
}

weft::Task<> Server::serve(weft::io::TcpStream stream, std::optional<OpenConnections::Entry> place) {
  try {
    if (!place) {
      co_await refuse(std::move(stream));
    } else {
      const OpenConnections::Entry entry(*std::move(place));
      Connection connection(std::move(stream), {limits_, files_, metrics_, connections_});
      co_await connection.serve();
    }
  } catch (const weft::OperationCancelled&) {
    // It was broken off.
  } catch (const std::exception& error) {
    // Whatever it is, memory above all: the others go on.
    std::fprintf(stderr, "http_server: a connection has ended: %s\n", error.what());
  }
}

weft::Task<> Server::refuse(weft::io::TcpStream stream) {
  metrics_.connection_refused();
  const Answer full = error_answer(503, "there are too many connections");
  const std::string text = head_of(full, true) + full.body;
  metrics_.answered(full.status, text.size());
  // To a client that has just connected there is room for so little; if not, it gets nothing.
  static_cast<void>(co_await stream.write(std::as_bytes(std::span(text))).or_error());
  const RefusedEntry entry(refused_);
  // So many that come as a flood would be as many descriptors.
  if (refused_.load(std::memory_order_relaxed) <= kMostRefused) co_await say_goodbye(stream);
}

weft::Task<> Server::wait_until_gone() { static_cast<void>(co_await connections_.gone().wait()); }

}  // namespace http_server
