// Kernels before 6.13, which most machines have, know no message to a ring: whoever wakes its owner writes into a file that the ring reads.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/skip.hpp"
#include "unit/io/old_kernel.hpp"
#include "unit/io/socket_pair.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <stop_token>
#include <thread>

using weft::IoBackend;
using weft::Runtime;
using weft::Task;
using weft_test::OldKernel;

namespace {

constexpr const char* kNoRings = "there is no io_uring here";

bool has_uring() { return working_backends().back() == IoBackend::Uring; }

Task<bool> byte_to_itself(const Ends& ends) {
  const char out = 'x';
  char in = 0;
  co_await send(ends.of[0], &out, 1);
  co_await receive(ends.of[1], &in, 1);
  co_return in == 'x';
}

/// Returns true when it was ended by a stop.
Task<bool> receive_until_stopped(const Ends& ends) {
  char in = 0;
  try {
    co_await receive(ends.of[1], &in, 1);
  } catch (const weft::OperationCancelled&) {
    co_return true;
  }
  co_return false;
}

std::uint64_t parks_of(const Runtime& rt) { return rt.stats().workers[0].parks; }

/// Until the only worker, which has something to do now, has gone to sleep since.
void wait_until_asleep(const Runtime& rt, std::uint64_t parks_before) {
  while (parks_of(rt) == parks_before) std::this_thread::yield();
}

}  // namespace

TEST_CASE("on an old kernel a worker that sleeps in its ring runs what another thread posts, time after time") {
  if (!has_uring()) return weft_test::skip(kNoRings);
  constexpr int kRounds = 300;
  const OldKernel kernel;
  const Ends ends;
  Runtime rt{{.workers = 1, .io_backend = IoBackend::Uring}};
  const int before = kernel.rings();
  int right = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t parks = parks_of(rt);
    right += rt.run(byte_to_itself(ends)) ? 1 : 0;
    wait_until_asleep(rt, parks);
  }
  CHECK(right == kRounds);
  CHECK(kernel.rings() == before + 1);
}

TEST_CASE("on an old kernel a stop from outside ends an operation of a worker that sleeps, and the next one begins") {
  if (!has_uring()) return weft_test::skip(kNoRings);
  constexpr int kRounds = 100;
  const OldKernel kernel;
  const Ends ends;
  Runtime rt{{.workers = 1, .io_backend = IoBackend::Uring}};
  int stopped = 0;
  int right = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::stop_source source;
    const std::uint64_t parks = parks_of(rt);
    auto reader = rt.spawn(receive_until_stopped(ends), {.stop = source.get_token()});
    wait_until_asleep(rt, parks);
    source.request_stop();
    stopped += reader.wait() ? 1 : 0;
    const std::uint64_t parks_after = parks_of(rt);
    right += rt.run(byte_to_itself(ends)) ? 1 : 0;
    wait_until_asleep(rt, parks_after);
  }
  CHECK(stopped == kRounds);
  CHECK(right == kRounds);
}

TEST_CASE("on an old kernel sync_wait, asleep in its ring, is woken from outside") {
  if (!has_uring()) return weft_test::skip(kNoRings);
  constexpr int kRounds = 300;
  const OldKernel kernel;
  const int before = kernel.rings();
  const Ends ends;
  std::deque<weft::Event> events(kRounds);
  std::atomic<int> round_of_waiter{-1};
  std::thread other([&] {
    for (int round = 0; round < kRounds; ++round) {
      while (round_of_waiter.load() < round) std::this_thread::yield();
      // In some of the rounds it sleeps by then.
      for (int i = 0; i < round; ++i) std::this_thread::yield();
      events[static_cast<std::size_t>(round)].set();
    }
  });
  int right = 0;
  const auto wait_for_all = [&]() -> Task<> {
    for (int round = 0; round < kRounds; ++round) {
      const bool is_right = co_await byte_to_itself(ends);
      right += is_right ? 1 : 0;
      round_of_waiter.store(round);
      co_await events[static_cast<std::size_t>(round)];
    }
  };
  weft::sync_wait(wait_for_all());
  other.join();
  CHECK(right == kRounds);
  CHECK(kernel.rings() > before);
}

TEST_CASE("on an old kernel workers wake each other out of their rings, and a shutdown wakes them all") {
  if (!has_uring()) return weft_test::skip(kNoRings);
  constexpr int kTasks = 30;
  const OldKernel kernel;
  for (const unsigned workers : {2U, 4U}) {
    const Ends silent;
    std::atomic<int> right{0};
    std::atomic<int> stopped{0};
    {
      Runtime rt{{.workers = workers, .io_backend = IoBackend::Uring}};
      for (int i = 0; i < kTasks; ++i) {
        rt.spawn_detached([&]() -> Task<> {
          const Ends ends;
          for (int message = 0; message < 50; ++message) {
            const auto [first, second] = co_await weft::when_all(byte_to_itself(ends), byte_to_itself(ends));
            right.fetch_add(first && second ? 1 : 0);
          }
          const bool is_stopped = co_await receive_until_stopped(silent);
          stopped.fetch_add(is_stopped ? 1 : 0);
        });
      }
      while (right.load() < kTasks * 50) std::this_thread::yield();
      CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
    }
    CHECK(right.load() == kTasks * 50);
    CHECK(stopped.load() == kTasks);
  }
}
