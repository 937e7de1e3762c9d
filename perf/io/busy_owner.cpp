/// @file
/// How late a task goes on whose operation has ended while the worker that had begun it is in a job of 60 ms, and another worker is idle.
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include <weft/weft.hpp>

#include "support/add_case.hpp"
#include "support/bench.hpp"
#include "support/quantiles.hpp"

namespace io {
namespace {

using Clock = std::chrono::steady_clock;
using weft::Counter;
using weft::Task;
using weft::io::UnixStream;
using namespace std::chrono_literals;

enum class Owner : bool { Idle, Busy };

struct Scene {
  std::atomic<bool> is_other_busy{false};
  std::atomic<bool> is_waiting{false};
  std::atomic<bool> may_other_go{false};
  Clock::time_point ended;  // written before the runtime says that all is over
};

/// Keeps the other worker until the owner is in its job: so nobody steals that.
Task<> keep_other(Scene& scene) {
  scene.is_other_busy = true;
  while (!scene.may_other_go) weft::cpu_relax();
  co_return;
}

Task<> receive_one(UnixStream& stream, Scene& scene) {
  std::array<std::byte, 1> byte{};
  co_await stream.read(byte);
  scene.ended = Clock::now();
}

Task<> be_owner(Scene& scene, Owner owner) {
  scene.is_waiting = true;
  scene.may_other_go = true;
  const auto until = Clock::now() + 60ms;
  while (owner == Owner::Busy && Clock::now() < until) weft::cpu_relax();
  co_return;
}

Task<> scene_of(UnixStream& stream, Scene& scene, Owner owner) {
  Counter other;
  weft::spawn(keep_other(scene), other);
  while (!scene.is_other_busy) weft::cpu_relax();
  co_await weft::when_all(receive_one(stream, scene), be_owner(scene, owner));
  co_await other;
}

void add(const char* contender, weft::IoBackend backend, Owner owner) {
  perf::add_timed_case("busy-owner", contender, 1, [=](benchmark::State& state) {
    weft::Runtime rt{{.workers = 2, .io_backend = backend}};
    perf::Quantiles times(state);
    for ([[maybe_unused]] auto turn : state) {
      auto [stream, peer] = weft::io::stream_pair();
      Scene scene;
      Counter all;
      rt.spawn(scene_of(stream, scene, owner), all);
      while (!scene.is_waiting) std::this_thread::yield();
      std::this_thread::sleep_for(5ms);
      const auto sent = Clock::now();
      perf::verify(::send(peer.native_handle(), "x", 1, 0) == 1, "a byte is sent");
      weft::sync_wait([](Counter& counter) -> Task<> { co_await counter; }(all));
      times.add(scene.ended - sent);
    }
    times.record();
  })->Iterations(perf::size(100, 2));
}

[[maybe_unused]] const bool cases = [] {
  add("weft", weft::IoBackend::Auto, Owner::Busy);
  add("weft-epoll", weft::IoBackend::Epoll, Owner::Busy);
  add("weft-owner-idle", weft::IoBackend::Auto, Owner::Idle);
  return true;
}();

}  // namespace
}  // namespace io
