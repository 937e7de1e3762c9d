#include <catch2/catch.hpp>
#include <weft/io/pipe.hpp>
#include <weft/io/tcp.hpp>
#include <weft/io/unix_socket.hpp>
#include <weft/weft.hpp>

#include "stress/io/buffers.hpp"
#include "support/open_descriptors.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"
#include "unit/io/streams.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace weft_test;
using namespace std::chrono_literals;
using weft::Runtime;
using weft::Task;
using weft::io::SocketAddress;
using weft::io::TcpListener;
using weft::io::TcpStream;
using weft::io::UnixStream;

namespace {

/// What some tasks wait for, and what has become of them. It is there longer than the runtime.
class Waiting {
 public:
  explicit Waiting(std::size_t count) : buffers_(count) {
    for (std::size_t i = 0; i < count; ++i) {
      sockets_.push_back(weft::io::stream_pair());
      pipes_.push_back(weft::io::pipe());
    }
  }

  /// A task that waits in one of the ways that there are.
  Task<> wait(std::size_t number) {
    begun_.fetch_add(1);
    try {
      switch (number % 5) {
        case 0: co_await sockets_[number].first.read_exactly(buffers_[number].room().first(1)); break;
        case 1: co_await pipes_[number].reader.read_exactly(buffers_[number].room().first(1)); break;
        case 2: static_cast<void>(co_await listener_.accept()); break;
        case 3: co_await weft::sleep_for(1h); break;
        default: co_await with_own_scope(number);
      }
    } catch (const weft::OperationCancelled&) {
      cancelled_.fetch_add(1);
    }
    ended_.fetch_add(1);
  }

  /// A task whose socket gets a byte by send_one().
  Task<> wait_for_byte(std::size_t number) {
    begun_.fetch_add(1);
    co_await sockets_[number].first.read_exactly(buffers_[number].room().first(1));
    ended_.fetch_add(1);
  }

  /// Threads: any.
  void send_one(std::size_t number) const {
    static_cast<void>(::send(sockets_[number].second.native_handle(), "x", 1, MSG_DONTWAIT));
    static_cast<void>(::write(pipes_[number].writer.native_handle(), "x", 1));
  }

  [[nodiscard]] int begun() const { return begun_.load(); }
  [[nodiscard]] int ended() const { return ended_.load(); }
  [[nodiscard]] int cancelled() const { return cancelled_.load(); }
  /// Whether nothing was read. The other ends write now, and who still reads would have it.
  [[nodiscard]] bool is_untouched() const {
    for (std::size_t i = 0; i < buffers_.size(); ++i) send_one(i);
    return std::all_of(buffers_.begin(), buffers_.end(), [](const Buffer& buffer) { return buffer.holds({}); });
  }
  [[nodiscard]] bool has_read_all() const {
    const auto byte = bytes_in(std::string_view("x"));
    return std::all_of(buffers_.begin(), buffers_.end(), [&](const Buffer& buffer) { return buffer.holds(byte); });
  }

 private:
  /// One operation with a timeout of its own around it, and one without.
  Task<> with_own_scope(std::size_t number) {
    co_await weft::timeout(
        [](Waiting& all, std::size_t which) -> Task<> {
          co_await all.sockets_[which].first.read_exactly(all.buffers_[which].room().first(1));
        }(*this, number),
        1h);
  }

  std::vector<Buffer> buffers_;
  std::vector<std::pair<UnixStream, UnixStream>> sockets_;
  std::vector<weft::io::Pipe> pipes_;
  TcpListener listener_ = TcpListener::listen(SocketAddress::loopback(0));
  std::atomic<int> begun_{0};
  std::atomic<int> ended_{0};
  std::atomic<int> cancelled_{0};
};

/// Calls `round(backend, random)` with each backend in turn, as long as a stress case runs.
template <class Round>
void repeat(const char* what, std::uint64_t stream, Round round) {
  SeededRandom random(stream);
  const std::size_t descriptors = open_descriptors();
  {
    Watchdog watchdog(what, 30s);
    const StressClock clock;
    while (!clock.is_over()) {
      for (const weft::IoBackend backend : working_backends()) {
        CAPTURE(name_of(backend));
        round(backend, random);
        watchdog.progress();
      }
    }
  }
  CHECK(open_descriptors() == descriptors);
}

unsigned some_workers(SeededRandom& random) { return 1 + static_cast<unsigned>(random.below(3)); }

void wait_until_begun(const Waiting& waiting, std::uint64_t count) {
  while (waiting.begun() < static_cast<int>(count)) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a shutdown that cancels ends reads, accepts and timers that nobody else would end, at any moment") {
  repeat("shutdown that cancels", 1, [](weft::IoBackend backend, SeededRandom& random) {
    const std::size_t count = 1 + random.below(40);
    Waiting waiting(count);
    {
      Runtime rt{{.workers = some_workers(random), .io_backend = backend}};
      for (std::size_t i = 0; i < count; ++i) rt.spawn_detached(waiting.wait(i));
      wait_until_begun(waiting, random.below(count + 1));
      REQUIRE(rt.shutdown(weft::Shutdown::Cancel).is_complete());
    }
    REQUIRE(waiting.ended() == static_cast<int>(count));
    REQUIRE(waiting.cancelled() == static_cast<int>(count));
    REQUIRE(waiting.is_untouched());
  });
}

TEST_CASE("a shutdown that waits says what is in flight, and a second one ends it") {
  repeat("shutdown twice", 2, [](weft::IoBackend backend, SeededRandom& random) {
    const std::size_t count = 1 + random.below(20);
    Waiting waiting(count);
    {
      Runtime rt{{.workers = some_workers(random), .io_backend = backend}};
      for (std::size_t i = 0; i < count; ++i) rt.spawn_detached(waiting.wait(i));
      const auto now = std::chrono::steady_clock::now();
      REQUIRE(rt.shutdown(weft::Shutdown::Drain, now + std::chrono::microseconds(random.below(500))).remaining == count);
      REQUIRE(waiting.ended() == 0);
      REQUIRE(rt.shutdown(weft::Shutdown::Cancel).is_complete());
    }
    REQUIRE(waiting.cancelled() == static_cast<int>(count));
    REQUIRE(waiting.is_untouched());
  });
}

TEST_CASE("a runtime that is destroyed waits for what its tasks read") {
  repeat("destroyed", 3, [](weft::IoBackend backend, SeededRandom& random) {
    const std::size_t count = 1 + random.below(40);
    Waiting waiting(count);
    std::optional<Runtime> rt(std::in_place, weft::RuntimeOptions{.workers = some_workers(random), .io_backend = backend});
    for (std::size_t i = 0; i < count; ++i) rt->spawn_detached(waiting.wait_for_byte(i));
    wait_until_begun(waiting, random.below(count + 1));
    std::thread writer([&] {
      for (std::size_t i = 0; i < count; ++i) waiting.send_one(i);
    });
    rt.reset();
    const int ended = waiting.ended();
    writer.join();
    REQUIRE(ended == static_cast<int>(count));
    REQUIRE(waiting.has_read_all());
  });
}
