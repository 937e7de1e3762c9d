#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "unit/io/old_kernel.hpp"
#include "unit/io/socket_pair.hpp"

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <functional>
#if WEFT_TEST_ASIO
#include <asio.hpp>
#endif
#if WEFT_TEST_UV
#include <uv.h>
#endif

using namespace std::chrono_literals;
using weft::Runtime;
using weft::Task;
using weft_test::WaysToWake;
using weft_test::WayToWake;

namespace {

constexpr int kMessages = 200;

/// Sends bytes to itself, and now and then sleeps.
Task<> talk(const Ends& ends, int& received) {
  for (int i = 0; i < kMessages; ++i) {
    const char out = static_cast<char>(i);
    char in = 0;
    const std::size_t sent = co_await send(ends.of[0], &out, 1);
    const std::size_t got = co_await receive(ends.of[1], &in, 1);
    if (sent == 1 && got == 1 && in == out) ++received;
    if (i % 50 == 0) co_await weft::sleep_for(100us);
  }
}

/// Sends a byte to itself.
Task<std::size_t> exchange(const Ends& ends) {
  const char out = 1;
  char in = 0;
  const std::size_t sent = co_await send(ends.of[0], &out, 1);
  const std::size_t got = co_await receive(ends.of[1], &in, 1);
  co_return sent + got;
}

/// Waits for what the loop around sends.
Task<> wait_for_outside(const Ends& ends, int& received) {
  char in = 0;
  for (int i = 0; i < kMessages; ++i) received += static_cast<int>(co_await receive(ends.of[1], &in, 1));
}

}  // namespace

TEST_CASE("a stepped runtime does input and output in a loop that polls its descriptor") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    const Ends inside;
    const Ends outside;
    int received = 0;
    int received_outside = 0;
    Runtime rt{{.io_backend = backend, .is_stepped = true}};
    rt.spawn_detached(talk(inside, received));
    rt.spawn_detached(wait_for_outside(outside, received_outside));
    int to_send = kMessages;
    while (received < kMessages || received_outside < kMessages) {
      pollfd asked{rt.fd(), POLLIN, 0};
      while (::poll(&asked, 1, to_send > 0 ? 0 : -1) == 1) {
        rt.step();
        if (received == kMessages && received_outside == kMessages) break;
      }
      if (to_send-- > 0) CHECK(::send(outside.of[0], "x", 1, 0) == 1);
    }
    CHECK(received == kMessages);
    CHECK(received_outside == kMessages);
  }
}

TEST_CASE("a runtime that is destroyed leaves the rings of others alone, also that of the thread that destroys it") {
  const Ends ends;
  Runtime stepped{{.is_stepped = true}};
  for (int i = 0; i < 3; ++i) {
    CHECK(stepped.run(exchange(ends)) == 2);
    Runtime other{{.workers = 2}};
    weft::Counter done;
    other.spawn([&]() -> Task<> { static_cast<void>(co_await exchange(ends)); }, done);
    weft::sync_wait([&]() -> Task<> { co_await done; }());
  }
  CHECK(stepped.run(exchange(ends)) == 2);
}

TEST_CASE("a call that blocks moves a manual clock only when the kernel has had time to end what was begun") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    const Ends ends;
    weft::ManualClock clock;
    const auto start = clock.now();
    Runtime rt{{.io_backend = backend, .is_stepped = true, .clock = &clock}};
    int received = 0;
    rt.run([&]() -> Task<> {
      for (int i = 0; i < kMessages; ++i) {
        const auto [size, in_time] = co_await weft::when_all(exchange(ends), weft::completed_within(exchange(ends), 1ns));
        if (size == 2 && in_time == 2) ++received;
      }
    });
    CHECK(received == kMessages);
    CHECK(clock.now() == start);
    // Nobody sends, and somebody else has a time on the way.
    int slept = 0;
    rt.spawn_detached([&]() -> Task<> {
      for (; slept < 3; ++slept) co_await weft::sleep_for(20min);
    });
    char in = 0;
    const auto before = std::chrono::steady_clock::now();
    CHECK_FALSE(rt.run(weft::completed_within(receive(ends.of[1], &in, 1), 1h)).has_value());
    CHECK(slept == 3);
    CHECK(std::chrono::steady_clock::now() - before >= 3 * 20ms);  // so long the kernel had, before each of the times
    CHECK(clock.now() == start + 1h);
  }
}

#if WEFT_TEST_ASIO
namespace {

/// The runtime as a descriptor in Asio's loop.
class InAsio {
 public:
  InAsio(asio::io_context& context, Runtime& rt) : rt_(rt), descriptor_(context, rt.fd()) { wait(); }
  ~InAsio() { descriptor_.release(); }
  InAsio(const InAsio&) = delete;
  InAsio& operator=(const InAsio&) = delete;
  void stop() { descriptor_.cancel(); }

 private:
  void wait() {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const asio::error_code& error) {
      if (error) return;
      rt_.step();
      wait();
    });
  }
  Runtime& rt_;
  asio::posix::stream_descriptor descriptor_;
};

}  // namespace

TEST_CASE("a stepped runtime lives in Asio's loop, beside Asio's own timers") {
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    const Ends ends;
    int received = 0;
    int ticks = 0;
    asio::io_context context(1);
    Runtime rt{{.io_backend = backend, .is_stepped = true}};
    InAsio inside(context, rt);
    asio::steady_timer timer(context);
    std::function<void()> tick = [&] {
      timer.expires_after(200us);
      timer.async_wait([&](const asio::error_code&) {
        ++ticks;
        if (received < kMessages || ticks < 5) return tick();
        inside.stop();
      });
    };
    tick();
    rt.spawn_detached(talk(ends, received));
    context.run();
    CHECK(received == kMessages);
    CHECK(ticks >= 5);
  }
}
#endif

#if WEFT_TEST_UV
TEST_CASE("a stepped runtime lives in libuv's loop, beside libuv's own timers") {
  struct Scene {
    Runtime& rt;
    uv_poll_t poll{};
    uv_timer_t timer{};
    int received = 0;
    int ticks = 0;
  };
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    const Ends ends;
    Runtime rt{{.io_backend = backend, .is_stepped = true}};
    Scene scene{rt};
    uv_loop_t loop;
    REQUIRE(uv_loop_init(&loop) == 0);
    REQUIRE(uv_poll_init(&loop, &scene.poll, rt.fd()) == 0);
    REQUIRE(uv_timer_init(&loop, &scene.timer) == 0);
    scene.poll.data = scene.timer.data = &scene;
    uv_poll_start(&scene.poll, UV_READABLE, [](uv_poll_t* poll, int, int) { static_cast<Scene*>(poll->data)->rt.step(); });
    const auto tick = [](uv_timer_t* timer) {
      auto& of = *static_cast<Scene*>(timer->data);
      ++of.ticks;
      if (of.received < kMessages || of.ticks < 5) return;
      uv_poll_stop(&of.poll);
      uv_close(reinterpret_cast<uv_handle_t*>(&of.poll), nullptr);
      uv_close(reinterpret_cast<uv_handle_t*>(&of.timer), nullptr);
    };
    uv_timer_start(&scene.timer, tick, 1, 1);
    rt.spawn_detached(talk(ends, scene.received));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
    CHECK(scene.received == kMessages);
    CHECK(scene.ticks >= 5);
  }
}
#endif
