#include <catch2/catch.hpp>
#include <weft/io/tcp.hpp>
#include <weft/io/unix_socket.hpp>
#include <weft/weft.hpp>

#include "support/open_descriptors.hpp"
#include "support/seeded_random.hpp"
#include "support/skip.hpp"
#include "support/stress_clock.hpp"
#include "unit/io/streams.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace weft_test;
using namespace std::chrono_literals;
using weft::Task;
using weft::io::SocketAddress;
using weft::io::TcpListener;
using weft::io::TcpStream;
using weft::io::UnixStream;

namespace {

/// A process that has connected so many times, and does nothing with it until it is asked: one process alone may not have that many descriptors.
class IdleClients {
 public:
  /// Pre: the caller is the only thread of the process.
  IdleClients(const SocketAddress& address, int count) {
    auto [here, there] = weft::io::stream_pair();
    child_ = ::fork();
    if (child_ == 0) {
      here.close();
      const int flags = ::fcntl(there.native_handle(), F_GETFL);
      ::fcntl(there.native_handle(), F_SETFL, flags & ~O_NONBLOCK);
      ::_exit(live(there.native_handle(), address, count) ? 0 : 1);
    }
    there.close();
    control_ = std::move(here);
  }
  IdleClients(const IdleClients&) = delete;
  IdleClients& operator=(const IdleClients&) = delete;
  ~IdleClients() {
    control_.close();
    if (child_ > 0) ::waitpid(child_, nullptr, 0);
  }

  [[nodiscard]] bool is_running() const noexcept { return child_ > 0; }
  /// Has one of them send a word and hear it back. True: it did.
  Task<bool> converse(std::uint32_t which) {
    co_await control_.write_all(std::as_bytes(std::span(&which, 1)));
    std::string answer(1, '\0');
    co_await control_.read_exactly(bytes_in(answer));
    co_return answer == "y";
  }

 private:
  static bool live(int control, const SocketAddress& address, int count) {
    ::alarm(600);  // if nobody is there any more to close the control
    std::vector<int> sockets;
    for (int i = 0; i < count; ++i) {
      const int socket = ::socket(address.native_family(), SOCK_STREAM, 0);
      // All leave at once, and none of them is to keep its port for a minute.
      const linger none{1, 0};
      ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &none, sizeof none);
      if (::connect(socket, address.native(), address.native_size()) != 0) return false;
      sockets.push_back(socket);
    }
    std::uint32_t which = 0;
    while (::read(control, &which, sizeof which) == sizeof which) {
      std::array<char, 4> word{};
      const bool is_right = ::send(sockets[which], "word", 4, 0) == 4 && ::recv(sockets[which], word.data(), word.size(), MSG_WAITALL) == 4 &&
                            std::string_view(word.data(), word.size()) == "word";
      if (::write(control, is_right ? "y" : "n", 1) != 1) return false;
    }
    return true;
  }

  pid_t child_ = -1;
  UnixStream control_;
};

Task<> echo_words(TcpStream stream, std::atomic<int>& cancelled) {
  std::string word(4, '\0');
  try {
    for (;;) {
      co_await stream.read_exactly(bytes_in(word));
      co_await stream.write_all(bytes_in(std::string_view(word)));
    }
  } catch (const weft::OperationCancelled&) {
    cancelled.fetch_add(1);
  }
}

struct Outcome {
  int answered = 0;
  std::atomic<int> cancelled{0};
  std::chrono::duration<double, std::milli> exit{};
};

/// Accepts all, has some of them talk, and stops them all.
Task<> hold_idle(TcpListener& listener, IdleClients& clients, std::uint32_t count, int words, Outcome& outcome, Watchdog& watchdog) {
  std::chrono::steady_clock::time_point asked;
  co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
    for (std::uint32_t i = 0; i < count; ++i) {
      TcpStream stream = co_await listener.accept();
      group.spawn(echo_words(std::move(stream), outcome.cancelled));
      watchdog.progress();
    }
    SeededRandom random;
    for (int i = 0; i < words; ++i) {
      const bool is_right = co_await clients.converse(static_cast<std::uint32_t>(random.below(count)));
      outcome.answered += is_right ? 1 : 0;
      watchdog.progress();
    }
    asked = std::chrono::steady_clock::now();
    group.request_stop();
  });
  outcome.exit = std::chrono::steady_clock::now() - asked;
}

/// Allows this process so many descriptors. False: the system does not.
bool allow_descriptors(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return true;
  limit.rlim_cur = limit.rlim_max < count ? limit.rlim_cur : count;
  return limit.rlim_cur >= count && ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace

TEST_CASE("connections that do nothing cost nobody anything, answer when they are spoken to, and end all at once") {
  constexpr int kWords = 50;
  const std::uint32_t count = options().is_long ? 10'000 : 300;
  if (!allow_descriptors(count + 200)) return skip("this process may not have " + std::to_string(count) + " connections");
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    const std::size_t descriptors = open_descriptors();
    Outcome outcome;
    {
      auto listener = TcpListener::listen(SocketAddress::loopback(0), {.backlog = 4096});
      IdleClients clients(listener.local_address(), static_cast<int>(count));
      REQUIRE(clients.is_running());
      Watchdog watchdog("idle connections", 60s);
      weft::Runtime rt{{.workers = 2, .io_backend = backend}};
      rt.run(hold_idle(listener, clients, count, kWords, outcome, watchdog));
    }
    CHECK(outcome.answered == kWords);
    CHECK(outcome.cancelled.load() == static_cast<int>(count));
    CHECK(open_descriptors() == descriptors);
    if (options().is_long) std::fprintf(stderr, "%s: %u connections have ended %.2f ms after the request to stop\n", name_of(backend), count, outcome.exit.count());
  }
}
