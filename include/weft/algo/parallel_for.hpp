/// @file
/// parallel_for: one loop, split for whoever is idle, awaited or blocking.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <new>
#include <ranges>
#include <type_traits>
#include <utility>

#include <weft/algo/loop.hpp>
#include <weft/algo/parallel_for_options.hpp>
#include <weft/base/error.hpp>
#include <weft/coro/invoke.hpp>
#include <weft/coro/invoke_task.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>
#include <weft/coro/when_all.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

/// What a loop counts with: an integer of at most 64 bits.
template <class T>
concept LoopIndex = std::integral<T> && !std::same_as<std::remove_cv_t<T>, bool> && sizeof(T) <= sizeof(std::uint64_t);

/// What a loop goes over element by element: a container, a span, a view such as std::views::iota(0, n).
template <class R>
concept LoopRange = std::ranges::random_access_range<R> && std::ranges::sized_range<R> && std::ranges::viewable_range<R>;

namespace detail {

// ---- bodies ----

/// Calls the body with one index (or element), or with the two ends of a chunk. A body that takes both gets single ones.
template <class Body, class One, class End>
struct LoopBody {
  static constexpr bool kTakesOne = std::invocable<Body&, One>;
  static constexpr bool kTakesChunk = !kTakesOne && std::invocable<Body&, End, End>;
  static_assert(kTakesOne || kTakesChunk,
                "weft: the body of a parallel loop is called with one index or element, or with the two ends of a chunk");

  template <class... Arguments>
  WEFT_ALWAYS_INLINE static void call(Body& body, Arguments&&... arguments) {
    static_assert(!IsTask<std::invoke_result_t<Body&, Arguments...>>,
                  "weft: the body of a parallel loop is a plain function; a Task that it returns would never run: "
                  "spawn tasks, or await a when_all");
    static_cast<void>(std::invoke(body, std::forward<Arguments>(arguments)...));
  }
};

/// Maps positions to indices. `Body` may be a reference.
template <class Index, class Body>
struct IndexChunk {
  using Calls = LoopBody<std::remove_reference_t<Body>, Index, Index>;

  void prepare() noexcept {}

  WEFT_ALWAYS_INLINE void operator()(std::size_t lo, std::size_t hi) {
    Index i = at(lo);
    const Index end = at(hi);
    if constexpr (Calls::kTakesChunk) {
      Calls::call(body, Index(i), Index(end));
    } else {
      for (; i != end; ++i) Calls::call(body, Index(i));
    }
  }

  // Unsigned: a range may be wider than its signed type.
  [[nodiscard]] Index at(std::size_t position) const noexcept {
    return static_cast<Index>(static_cast<std::uint64_t>(first) + position);
  }

  Index first;
  Body body;
};

/// Maps positions to elements. `Body` may be a reference.
template <class View, class Body>
struct RangeChunk {
  using Iterator = std::ranges::iterator_t<View>;
  using Offset = std::iter_difference_t<Iterator>;
  using Calls = LoopBody<std::remove_reference_t<Body>, std::iter_reference_t<Iterator>, Iterator>;

  /// Once the view stays where it is: its iterators may point into it.
  void prepare() { begin = std::ranges::begin(view); }

  WEFT_ALWAYS_INLINE void operator()(std::size_t lo, std::size_t hi) {
    Iterator i = begin + static_cast<Offset>(lo);
    const Iterator end = begin + static_cast<Offset>(hi);
    if constexpr (Calls::kTakesChunk) {
      Calls::call(body, Iterator(i), Iterator(end));
    } else {
      for (; i != end; ++i) Calls::call(body, *i);
    }
  }

  View view;
  Body body;
  Iterator begin{};
};

// ---- bounds ----

template <LoopIndex Index>
struct Bounds {
  Index first;
  std::size_t count;
};

/// Whether first < last as numbers, whatever their types.
template <LoopIndex First, LoopIndex Last>
constexpr bool is_below(First first, Last last) noexcept {
  if constexpr (std::is_signed_v<First> == std::is_signed_v<Last>) {
    return first < last;
  } else if constexpr (std::is_signed_v<First>) {
    return first < 0 || static_cast<std::make_unsigned_t<First>>(first) < last;
  } else {
    return last > 0 && first < static_cast<std::make_unsigned_t<Last>>(last);
  }
}

/// The bounds in their common type.
template <LoopIndex First, LoopIndex Last>
Bounds<std::common_type_t<First, Last>> bounds_of(First first, Last last) {
  using Index = std::common_type_t<First, Last>;
  if (!is_below(first, last)) return {Index{}, 0};
  if constexpr (std::is_signed_v<First> && std::is_unsigned_v<Index>) {
    if (first < 0) {
      throw UsageError("weft: a parallel loop begins at a negative index and ends at one of an unsigned type, which cannot "
                       "hold it: give both ends the same signed type");
    }
  }
  const auto begin = static_cast<Index>(first);
  return {begin, static_cast<std::size_t>(static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(begin))};
}

// ---- running ----

/// A piece of a blocking loop.
template <class Chunk>
void run_blocking(Loop<Chunk>& loop, std::size_t lo, std::size_t hi) noexcept {
  if (hi - lo <= loop.grain()) lo = loop.run_piece(lo, hi);
  if (lo == hi || loop.is_over()) return;
  const std::size_t middle = lo + (hi - lo) / 2;
  parallel_invoke([&]() noexcept { run_blocking(loop, lo, middle); }, [&]() noexcept { run_blocking(loop, middle, hi); });
}

template <class Chunk>
void sync_run_loop(std::size_t count, Chunk chunk, const ParallelForOptions& options) {
  const WorkerContext* const worker = current_worker();
  if (options.priority && worker != nullptr && *options.priority != worker->priority) {
    throw UsageError("weft: sync_parallel_for cannot change the priority of the job that it blocks: "
                     "spawn that job with the priority, or co_await parallel_for");
  }
  if (options.arena != nullptr) {
    throw UsageError("weft: sync_parallel_for cannot take the job that it blocks to an arena: spawn that job there, or co_await parallel_for");
  }
  chunk.prepare();
  Loop<Chunk> loop(chunk, count, options, worker != nullptr ? worker->domain : nullptr);
  const std::size_t rest = loop.run_beginning();
  if (rest != loop.size()) run_blocking(loop, rest, loop.size());
  loop.finish();
}

inline namespace WEFT_TRANSFER_NAMESPACE {

/// A piece of an awaited loop. Throws nothing: the loop knows how it has ended.
template <class Chunk>
Task<> run_awaited(Loop<Chunk>& loop, std::size_t lo, std::size_t hi) {
  if (hi - lo <= loop.grain()) lo = loop.run_piece(lo, hi);
  if (lo == hi || loop.is_over()) co_return;
  const std::size_t middle = lo + (hi - lo) / 2;
  try {
    co_await when_all(run_awaited(loop, lo, middle), run_awaited(loop, middle, hi));
    co_return;
  } catch (const std::bad_alloc&) {
    // There was no memory for the two, and neither has begun.
  }
  loop.run_alone(lo, hi);
}

template <class Chunk>
Task<> run_loop(std::size_t count, Chunk chunk, ParallelForOptions options) {
  static_assert(alignof(Chunk) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "weft: the body of a parallel loop cannot be over-aligned: pass std::ref(body)");
  StopScope* const scope = co_await CurrentScope();
  chunk.prepare();
  const WorkerContext* const worker = current_worker();
  const Priority before = worker != nullptr ? worker->priority : Priority::Normal;
  if (worker == nullptr && options.arena != nullptr) {
    throw UsageError("weft: a parallel_for with an arena was awaited on a thread that is no worker, to which its task could not come back: "
                     "Runtime::run the task, or spawn it");
  }
  Executor* const home = worker != nullptr ? worker->executor : nullptr;
  Executor* const there = options.arena != nullptr ? options.arena->open_target().executor : home;
  const bool is_moved = worker != nullptr && options.priority.value_or(before) != before;
  if (there != home) co_await resume_on(*there);
  if (is_moved) co_await with_priority(*options.priority);
  Loop<Chunk> loop(chunk, count, options, scope);
  if (std::size_t rest = loop.run_beginning(); rest != loop.size()) {
    try {
      co_await run_awaited(loop, rest, loop.size());
      rest = loop.size();
    } catch (const std::bad_alloc&) {
      // There was no memory for the first piece.
    }
    loop.run_alone(rest, loop.size());
  }
  if (is_moved) co_await with_priority(before);
  if (there != home && current_worker()->executor != home) co_await resume_on(*home);
  loop.finish();
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Calls `body(i)` for every i in [first, last), or `body(lo, hi)` for chunks that cover it, on this worker and idle ones.
///
/// While some workers run pieces of `grain` iterations, all others of the loop can be taken: one that is long delays only
/// itself. Results of the body are ignored. The two ends may have different integer types; indices have their common type.
///
/// Threads:  the body is called concurrently, also one that changes its own members; order and, with Partition::OnDemand,
///           the borders of chunks are not defined. It runs on no fiber, even if a fiber awaits the loop, so it cannot wait in
///           blocking style; sync_parallel_for and parallel_invoke, called on a fiber, run on fibers.
/// Resumes:  on the worker that finished the last piece; with ParallelForOptions::arena, in the arena or runtime where it was called.
/// Lifetime: joins before it returns, so that the body may refer to the caller's locals. The body is moved or copied into
///           the task; std::ref(body) refers to it. With gcc 12 a closure that owns something has a name before the
///           co_await expression (lib/coro/README.md).
/// Errors:   an exception of the body ends the loop: pieces that run go on to their end, the others do not begin, and the
///           first exception is thrown here. OperationCancelled in the same way, when the task is asked to stop before the
///           end. UsageError from the call if `first` is negative and the common type unsigned. std::bad_alloc for the
///           task's own frame; short of memory later, the loop goes on with fewer workers.
/// Cost:     one coroutine frame and a few looks at a clock, if the loop is shorter than a microsecond. Then two frames for
///           each piece of some microseconds; no more workers are woken than find work. Fewer than 16 iterations for each
///           worker are shared at once, which may wake a worker.
/// Source:   lazy binary splitting (Tzannes, Caragea, Barua, Vishkin, PPoPP 2010) below the grain: a running piece is
///           split when its worker has nothing else to offer. Above it the loop is halved beforehand.
/// Example:  samples/04_parallel_for.cpp
template <LoopIndex First, LoopIndex Last, class Body>
[[nodiscard("co_await it")]] Task<> parallel_for(First first, Last last, Body&& body, ParallelForOptions options = {}) {
  const auto bounds = detail::bounds_of(first, last);
  using Chunk = detail::IndexChunk<std::common_type_t<First, Last>, std::decay_t<Body>>;
  return detail::run_loop(bounds.count, Chunk{bounds.first, std::forward<Body>(body)}, options);
}

/// The same with `body(element)` for every element of a random-access range, or `body(begin, end)` with iterators.
///
/// Lifetime: the task refers to a container that has a name, which outlives it; it keeps views, and containers that are
///           moved in.
template <LoopRange Range, class Body>
[[nodiscard("co_await it")]] Task<> parallel_for(Range&& range, Body&& body, ParallelForOptions options = {}) {
  const auto count = static_cast<std::size_t>(std::ranges::size(range));
  using Chunk = detail::RangeChunk<std::views::all_t<Range>, std::decay_t<Body>>;
  return detail::run_loop(count, Chunk{std::views::all(std::forward<Range>(range)), std::forward<Body>(body)}, options);
}

}  // namespace WEFT_TRANSFER_NAMESPACE

/// The blocking form, for plain jobs and functions: as parallel_for, but the worker waits as in parallel_invoke.
///
/// Pre:      ParallelForOptions::priority is not set, or the calling job's own; ParallelForOptions::arena is not set.
/// Threads:  on a worker, also inside a task; on any other thread the loop runs serially.
/// Lifetime: the body is not copied.
/// Errors:   as parallel_for, but a plain function does not know the scope of its task: OperationCancelled comes with
///           Runtime::shutdown(Cancel) only. A body that should heed another stop request asks its token and throws.
///           UsageError for another priority than the job's. No std::bad_alloc.
/// Cost:     no allocation; some 5 ns for each piece.
template <LoopIndex First, LoopIndex Last, class Body>
void sync_parallel_for(First first, Last last, Body&& body, ParallelForOptions options = {}) {
  const auto bounds = detail::bounds_of(first, last);
  using Chunk = detail::IndexChunk<std::common_type_t<First, Last>, std::remove_reference_t<Body>&>;
  detail::sync_run_loop(bounds.count, Chunk{bounds.first, body}, options);
}

/// The same for every element of a random-access range.
template <LoopRange Range, class Body>
void sync_parallel_for(Range&& range, Body&& body, ParallelForOptions options = {}) {
  const auto count = static_cast<std::size_t>(std::ranges::size(range));
  using View = std::ranges::ref_view<std::remove_reference_t<Range>>;
  using Chunk = detail::RangeChunk<View, std::remove_reference_t<Body>&>;
  detail::sync_run_loop(count, Chunk{View(range), body}, options);
}

}  // namespace weft::inline v0
