#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "unit/io/old_kernel.hpp"
#include "unit/io/socket_pair.hpp"

#include <atomic>
#include <chrono>
#include <thread>

using namespace std::chrono_literals;
using weft::Counter;
using weft::Runtime;
using weft::Task;
using weft_test::WaysToWake;
using weft_test::WayToWake;

// The worker that has begun an operation is in a job until somebody has seen the operation's end: without help from outside it would be there for ever.

namespace {

struct Scene {
  std::atomic<bool> is_other_busy{false};
  std::atomic<bool> is_owner_busy{false};
  std::atomic<bool> is_over{false};
};

/// Keeps the other worker until the owner is in its job: so nobody steals that.
Task<> keep_other(Scene& scene) {
  scene.is_other_busy.store(true);
  while (!scene.is_owner_busy.load()) weft::cpu_relax();
  co_return;
}

Task<> be_busy(Scene& scene) {
  scene.is_owner_busy.store(true);
  while (!scene.is_over.load()) weft::cpu_relax();
  co_return;
}

template <class Operate>
Task<> operate_beside_work(Scene& scene, Operate operate) {
  Counter other;
  weft::spawn(keep_other(scene), other);
  while (!scene.is_other_busy.load()) weft::cpu_relax();
  co_await weft::when_all(operate(), be_busy(scene));
  co_await other;
}

}  // namespace

TEST_CASE("what has ended is seen although the worker that has begun it is in a job that lasts") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 2, .io_backend = backend}};
    const Ends ends;
    Scene scene;
    const auto receive_one = [&]() -> Task<> {
      char byte = 0;
      co_await receive(ends.of[0], &byte, 1);
      scene.is_over.store(byte == 'x');
    };
    std::thread sender([&] {
      while (!scene.is_owner_busy.load()) std::this_thread::yield();
      const char byte = 'x';
      static_cast<void>(::send(ends.of[1], &byte, 1, 0));
    });
    Counter all;
    rt.spawn(operate_beside_work(scene, receive_one), all);
    weft::sync_wait([&]() -> Task<> { co_await all; }());
    sender.join();
    CHECK(scene.is_over.load());
  }
}

TEST_CASE("a timeout ends an operation although the worker that has begun it is in a job that lasts") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    Runtime rt{{.workers = 2, .io_backend = backend}};
    const Ends ends;
    Scene scene;
    const auto receive_nothing = [&]() -> Task<> {
      const auto receive_one = [&]() -> Task<> {
        char byte = 0;
        co_await receive(ends.of[0], &byte, 1);
      };
      const bool has_ended = co_await weft::completed_within(receive_one(), 1ms);
      scene.is_over.store(!has_ended);
    };
    Counter all;
    rt.spawn(operate_beside_work(scene, receive_nothing), all);
    weft::sync_wait([&]() -> Task<> { co_await all; }());
    CHECK(scene.is_over.load());
  }
}
