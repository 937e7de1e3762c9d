/// @file
/// parallel_for: one loop, split on demand, awaited or blocking.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <ranges>
#include <type_traits>
#include <utility>

#include <weft/base/atomic.hpp>
#include <weft/base/error.hpp>
#include <weft/coro/invoke.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>
#include <weft/coro/when_all.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

/// How a parallel loop is cut. The defaults are right unless iterations are very unequal.
struct ParallelForOptions {
  /// Iterations that are never split; 0 measures the first ones and takes about two microseconds' worth.
  std::size_t grain = 0;
};

namespace detail {

/// A body that takes one index at a time, or a whole chunk [first, last).
template <class Body, class Index>
inline constexpr bool kTakesChunk = std::invocable<Body&, Index, Index>;

template <class Index, class Body>
WEFT_ALWAYS_INLINE void run_chunk(Index first, Index last, Body& body) {
  if (!(first < last)) return;
  if constexpr (kTakesChunk<Body, Index>) {
    body(first, last);
  } else {
    for (; first != last; ++first) body(first);
  }
}

template <class Index>
std::size_t length(Index first, Index last) noexcept {
  // Unsigned: a range may be wider than its signed type.
  return first < last ? static_cast<std::size_t>(static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first)) : 0;
}

template <class Index>
Index advance_by(Index first, std::size_t n) noexcept {
  return static_cast<Index>(static_cast<std::uint64_t>(first) + n);
}

/// Whether a part of the range should be offered to thieves: there is nothing else here that they could take.
inline bool should_split() noexcept {
  const WorkerContext* const worker = current_worker();
  return worker != nullptr && worker->worker_count > 1 && worker->fork_deque->size_hint() == 0;
}

/// Runs the beginning of the range until its cost is known.
///
/// @param first  moved past what has been run
/// @return       the grain for the rest: about two microseconds, but enough pieces for every worker
template <class Index, class Body>
std::size_t run_probe(Index& first, Index last, Body& body) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::nanoseconds kGrainTime{2000};
  const WorkerContext* const worker = current_worker();
  const std::size_t total = length(first, last);
  if (worker == nullptr) return std::max<std::size_t>(total, 1);
  const std::size_t workers = worker->worker_count;
  std::size_t done = 0;
  const Clock::time_point start = Clock::now();
  // From a single one, which may be long, up: four times as many each time cost few looks at the clock.
  while (done < total) {
    const std::size_t chunk = std::min(std::max<std::size_t>(3 * done, 1), total - done);
    const Index next = advance_by(first, chunk);
    run_chunk(first, next, body);
    first = next;
    done += chunk;
    const Clock::duration spent = Clock::now() - start;
    if (spent < kGrainTime) continue;
    const auto per_grain = static_cast<std::size_t>(static_cast<double>(done) * static_cast<double>(kGrainTime.count()) /
                                                    static_cast<double>(std::chrono::nanoseconds(spent).count()));
    return std::clamp<std::size_t>(per_grain, 1, std::max<std::size_t>(total / (8 * workers), 1));
  }
  return 1;
}

/// What the pieces of one blocking loop share.
template <class Index, class Body>
struct BlockingLoop {
  Body& body;
  std::size_t grain;
  Atomic<bool> has_failed{false};

  void run(Index first, Index last) {
    try {
      while (length(first, last) > grain) {
        // relaxed: only saves work that the exception makes useless.
        if (has_failed.load(relaxed)) return;
        if (should_split()) {
          const Index middle = advance_by(first, length(first, last) / 2);
          parallel_invoke([&] { run(first, middle); }, [&] { run(middle, last); });
          return;
        }
        const Index next = advance_by(first, grain);
        run_chunk(first, next, body);
        first = next;
      }
      run_chunk(first, last, body);
    } catch (...) {
      // relaxed: as above.
      has_failed.store(true, relaxed);
      throw;
    }
  }
};

inline namespace WEFT_TRANSFER_NAMESPACE {

/// A piece of an awaited loop. `body` lives in the frame of parallel_for.
template <class Index, class Body>
Task<> run_pieces(Index first, Index last, std::size_t grain, Body& body) {
  while (length(first, last) > grain) {
    co_await this_task::stop_point();
    if (should_split()) {
      const Index middle = advance_by(first, length(first, last) / 2);
      co_await when_all(run_pieces(first, middle, grain, body), run_pieces(middle, last, grain, body));
      co_return;
    }
    const Index next = advance_by(first, grain);
    run_chunk(first, next, body);
    first = next;
  }
  run_chunk(first, last, body);
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Calls `body(i)` for every i in [first, last), or `body(lo, hi)` for chunks that cover it, on this worker and idle ones.
///
/// Threads:  the body is called concurrently; order and chunk borders are not defined.
/// Lifetime: joins before it returns, so that the body may refer to the caller's locals. The body itself is moved in.
/// Errors:   an exception of the body ends the loop early and is thrown here; OperationCancelled when the task is asked to
///           stop before the end.
/// Cost:     a few tens of nanoseconds when the loop is too short to share.
/// Example:  samples/04_parallel_for.cpp
template <std::integral Index, class Body>
  requires(std::invocable<Body&, Index> || std::invocable<Body&, Index, Index>)
[[nodiscard("co_await it")]] Task<> parallel_for(Index first, Index last, Body body, ParallelForOptions options = {}) {
  const std::size_t grain = options.grain != 0 ? options.grain : detail::run_probe(first, last, body);
  co_await detail::run_pieces(first, last, grain, body);
}

/// The same for every element of a random-access range, which must outlive the loop.
template <std::ranges::random_access_range Range, class Body>
  requires(std::ranges::sized_range<Range> && std::invocable<Body&, std::ranges::range_reference_t<Range>>)
[[nodiscard("co_await it")]] Task<> parallel_for(Range& range, Body body, ParallelForOptions options = {}) {
  const auto begin = std::ranges::begin(range);
  using Offset = std::ranges::range_difference_t<Range>;
  const auto at = [begin, &body](Offset i) { body(begin[i]); };
  auto loop = parallel_for(Offset{0}, static_cast<Offset>(std::ranges::size(range)), at, options);
  co_await std::move(loop);
}

}  // namespace WEFT_TRANSFER_NAMESPACE

/// The blocking form, for plain jobs: as parallel_for, but the worker waits as in parallel_invoke.
///
/// Threads: on a worker; on any other thread the loop runs serially.
template <std::integral Index, class Body>
  requires(std::invocable<Body&, Index> || std::invocable<Body&, Index, Index>)
void sync_parallel_for(Index first, Index last, Body&& body, ParallelForOptions options = {}) {
  const std::size_t grain = options.grain != 0 ? options.grain : detail::run_probe(first, last, body);
  detail::BlockingLoop<Index, std::remove_reference_t<Body>> loop{body, grain};
  loop.run(first, last);
}

/// The same for every element of a random-access range.
template <std::ranges::random_access_range Range, class Body>
  requires(std::ranges::sized_range<Range> && std::invocable<Body&, std::ranges::range_reference_t<Range>>)
void sync_parallel_for(Range&& range, Body&& body, ParallelForOptions options = {}) {
  const auto begin = std::ranges::begin(range);
  using Offset = std::ranges::range_difference_t<Range>;
  sync_parallel_for(Offset{0}, static_cast<Offset>(std::ranges::size(range)), [&](Offset i) { body(begin[i]); }, options);
}

}  // namespace weft::inline v0
