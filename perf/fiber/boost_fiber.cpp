/// @file
/// Boost.Fiber with its round-robin scheduler, all on one thread.
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/fixedsize_stack.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/pooled_fixedsize_stack.hpp>
#include <boost/fiber/unbuffered_channel.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <vector>

#include "fiber/cases.hpp"
#include "support/tally.hpp"

namespace fibers {
namespace {

using boost::fibers::fiber;
using perf::Tally;

// ---- spawn_join, batch_1000: each fiber needs its stack from the beginning, so there is no million of them at once ----

void join(std::size_t count, boost::fibers::pooled_fixedsize_stack& stacks) {
  std::vector<fiber> batch;
  batch.reserve(kBatch);
  for (; count > 0; count -= batch.size()) {
    batch.clear();
    for (std::size_t i = 0; i < std::min(count, kBatch); ++i) {
      batch.emplace_back(std::allocator_arg, stacks, [] { Tally::count(); });
    }
    for (fiber& each : batch) each.join();
  }
}

void measure_joins(benchmark::State& state) {
  boost::fibers::pooled_fixedsize_stack stacks(kStackBytes);
  measure(state, job_count(), [&stacks](std::size_t count) {
    const std::uint64_t before = Tally::total();
    join(count, stacks);
    return Tally::total() - before;
  });
}

[[maybe_unused]] const bool spawn_join = add_operation("spawn_join", "boost-fiber", 1, measure_joins);
[[maybe_unused]] const bool batch_1000 = add_operation("batch_1000", "boost-fiber", 1, measure_joins);

// ---- yield ----

[[maybe_unused]] const bool yield = add_operation("yield", "boost-fiber", 1, [](benchmark::State& state) {
  measure(state, turn_count(), [](std::size_t count) {
    std::size_t done = 0;
    const auto yield_half = [count, &done] {
      for (std::size_t i = 0; i < count / 2; ++i) {
        boost::this_fiber::yield();
        ++done;
      }
    };
    fiber one(yield_half);
    fiber other(yield_half);
    one.join();
    other.join();
    return done;
  });
});

// ---- ping_pong ----

std::size_t play_over_condition(std::size_t hops) {
  boost::fibers::mutex mutex;
  boost::fibers::condition_variable changed;
  std::size_t turn = 0;  // guarded by mutex; it is that of the first if even
  const auto play = [&](std::size_t mine) {
    for (std::size_t i = 0; i < hops / 2; ++i) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return turn % 2 == mine; });
      ++turn;
      changed.notify_one();
    }
  };
  fiber first(play, 0);
  fiber second(play, 1);
  first.join();
  second.join();
  return turn;
}

std::size_t play_over_channels(std::size_t hops) {
  boost::fibers::unbuffered_channel<std::size_t> to_first;
  boost::fibers::unbuffered_channel<std::size_t> to_second;
  std::size_t last = 0;
  fiber first([&] {
    for (std::size_t i = 0; i < hops / 2; ++i) {
      to_second.push(last + 1);
      last = to_first.value_pop();
    }
  });
  fiber second([&] {
    for (std::size_t i = 0; i < hops / 2; ++i) to_first.push(to_second.value_pop() + 1);
  });
  first.join();
  second.join();
  return last;
}

[[maybe_unused]] const bool ping_pong_condition =
    add_operation("ping_pong", "boost-condition", 1, [](benchmark::State& state) { measure(state, turn_count(), play_over_condition); });
[[maybe_unused]] const bool ping_pong_channel =
    add_operation("ping_pong", "boost-channel", 1, [](benchmark::State& state) { measure(state, turn_count(), play_over_channels); });

// ---- parked ----

/// Lets up to `count` fibers wait until `look` has been called; returns how many did.
template <class Look>
std::size_t park(std::size_t count, Look look) {
  boost::fibers::fixedsize_stack stacks(kStackBytes);
  boost::fibers::mutex mutex;
  boost::fibers::condition_variable changed;
  bool is_open = false;    // guarded by mutex
  std::size_t parked = 0;  // guarded by mutex
  std::vector<fiber> all;
  all.reserve(count);
  try {
    while (all.size() < count) {
      all.emplace_back(std::allocator_arg, stacks, [&] {
        std::unique_lock lock(mutex);
        ++parked;
        changed.wait(lock, [&] { return is_open; });
      });
    }
  } catch (const std::bad_alloc&) {
    // There are fewer.
  } catch (const std::system_error&) {
    // The same.
  }
  while (parked != all.size()) boost::this_fiber::yield();
  look(parked);
  {
    const std::lock_guard lock(mutex);
    is_open = true;
  }
  changed.notify_all();
  for (fiber& each : all) each.join();
  return all.size();
}

[[maybe_unused]] const bool parked = add_operation("parked", "boost-fiber", 1, [](benchmark::State& state) {
  measure_parked(state, [](std::size_t count, auto look) { return park(count, look); });
});

}  // namespace
}  // namespace fibers
