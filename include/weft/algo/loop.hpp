/// @file
/// What the awaited and the blocking parallel loop share: how long a piece is, and how the loop ends early.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <utility>

#include <weft/algo/parallel_for_options.hpp>
#include <weft/base/atomic.hpp>
#include <weft/base/error.hpp>
#include <weft/base/platform.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0::detail {

/// A clock for microseconds that costs less than the standard ones, and is right to about a factor of two.
struct TickClock {
  [[nodiscard]] static std::uint64_t now() noexcept {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    std::uint64_t ticks;
    asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#endif
  }

  [[nodiscard]] static double since(std::uint64_t start) noexcept {
    // Signed, and not zero: the counters of two processors may differ a little.
    return static_cast<double>(std::max<std::int64_t>(static_cast<std::int64_t>(now() - start), 1));
  }

  [[nodiscard]] static double per_microsecond() noexcept {
#if defined(__x86_64__)
    return 2500.0;  // time-stamp counters run at 1.5 to 4 GHz
#else
    std::uint64_t frequency;
    asm("mrs %0, cntfrq_el0" : "=r"(frequency));
    return static_cast<double>(frequency) * 1e-6;
#endif
  }
};

/// One parallel loop over the positions 0 to size(), which `chunk(lo, hi)` maps to indices or elements.
///
/// The loop is halved until its pieces are short, so that all but the pieces that run now lie in the workers' deques, where
/// idle workers find them. Short is `grain` positions. What an iteration costs is not known, so the first ones are timed
/// while nobody else is told (run_beginning), and so is every piece (run_piece): the grain follows. A loop of few iterations
/// is shared before the first has run, because each may be long.
///
/// Threads:  the pieces run concurrently; construction, run_beginning and finish belong to the caller.
/// Lifetime: outlives the pieces, which are joined before finish.
template <class Chunk>
class Loop {
 public:
  /// @param scope  what can stop the loop, or null
  Loop(Chunk& chunk, std::size_t count, const ParallelForOptions& options, StopScope* scope) noexcept
      : chunk_(chunk), scope_(scope), size_(count), fixed_grain_(options.grain) {
    const WorkerContext* const worker = current_worker();
    workers_ = options.arena != nullptr ? options.arena->worker_count() : worker != nullptr ? worker->worker_count : 1;
    if (options.partition == Partition::Equal) cut_into_parts(std::max<std::size_t>(options.grain, 1));
    // relaxed: no piece runs yet.
    grain_.store(std::max<std::size_t>(fixed_grain_, 1), relaxed);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Positions that a piece has at most; a longer one is to be halved.
  [[nodiscard]] std::size_t grain() const noexcept {
    // relaxed: an estimate, which any piece may correct.
    return grain_.load(relaxed);
  }

  /// Whether the loop has failed or was stopped, as far as known here.
  [[nodiscard]] bool is_over() const noexcept {
    // relaxed: only saves work that has become useless.
    return end_.load(relaxed) != End::Regular;
  }

  /// Runs what comes before anything is shared: the whole of a short loop, nothing of one with few or unequal iterations.
  ///
  /// @return  where the rest begins
  std::size_t run_beginning() noexcept {
    if (size_ == 0 || is_stopped()) return size_;
    const bool is_few = workers_ > 1 && size_ / kFewPerWorker < workers_;
    const std::size_t first = fixed_grain_ != 0 || is_few ? 0 : probe();
    if (workers_ > 1 && size_ - first > grain()) return first;
    run_alone(first, size_);
    return size_;
  }

  /// Runs [lo, hi), or its beginning, if there is nothing else here for idle workers and the rest is worth their while.
  ///
  /// @return  where it stopped
  std::size_t run_piece(std::size_t lo, std::size_t hi) noexcept {
    if (is_stopped()) return hi;
    try {
      if (fixed_grain_ == 0) return run_timed(lo, hi);
      run(lo, hi);
    } catch (...) {
      fail();
    }
    return hi;
  }

  /// Runs [lo, hi) piece by piece, on this worker.
  void run_alone(std::size_t lo, std::size_t hi) noexcept {
    while (lo != hi && !is_over()) lo = run_piece(lo, lo + std::min(grain(), hi - lo));
  }

  /// Throws what the loop has ended with, after all pieces have ended.
  ///
  /// Errors: the first exception of the body; OperationCancelled when it was stopped.
  void finish() {
    // relaxed: whoever joined the pieces has seen what they did.
    const End end = end_.load(relaxed);
    if (end == End::Regular) [[likely]] return;
    if (end == End::Failed) std::rethrow_exception(std::move(error_));
    throw OperationCancelled();
  }

 private:
  enum class End : std::uint8_t {
    Regular,  // all positions were run, or will be
    Stopped,  // on request
    Failed,   // the body has thrown, and error_ says what
  };

  static constexpr double kProbeTime = 1.0;   // microseconds, after which a loop is worth sharing
  static constexpr double kPieceTime = 6.0;   // microseconds, to which the grain is fitted
  static constexpr double kWorthTime = 3.0;   // microseconds of the rest of a piece that are worth handing over
  static constexpr std::size_t kFewPerWorker = 16;      // fewer iterations than this for each worker are shared at once
  static constexpr std::size_t kLongestProbe = 1024;    // iterations between two looks at the clock, while nothing is shared
  static constexpr std::size_t kProbeShare = 4;         // and this part of what falls to a worker
  static constexpr std::size_t kProbeGrowth = 32;       // how much more the next look may cover than all before it
  static constexpr std::size_t kGrowth = 4;             // how much longer than the last a piece may become
  static constexpr std::size_t kLooks = 8;              // for idle workers, during a piece

  /// Makes the loop one over parts, each in one go.
  void cut_into_parts(std::size_t least) noexcept {
    const std::size_t parts = std::min<std::size_t>(workers_, std::max<std::size_t>(size_ / least, 1));
    part_ = size_ / parts;
    longer_parts_ = size_ % parts;
    size_ = size_ == 0 ? 0 : parts;
    fixed_grain_ = 1;
    has_parts_ = true;
  }

  [[nodiscard]] std::size_t part_begin(std::size_t part) const noexcept { return part * part_ + std::min(part, longer_parts_); }

  WEFT_ALWAYS_INLINE void run(std::size_t lo, std::size_t hi) {
    if (!has_parts_) [[likely]] return chunk_(lo, hi);
    for (; lo != hi; ++lo) chunk_(part_begin(lo), part_begin(lo + 1));
  }

  /// Runs the beginning until a microsecond has passed, and fits the grain.
  std::size_t probe() noexcept {
    try {
      return run_probe();
    } catch (...) {
      fail();
      return size_;
    }
  }

  std::size_t run_probe() {
    // What turns out to be long while nobody knows of the loop is a small part of it.
    const std::size_t most = workers_ > 1 ? std::min(size_ / workers_ / kProbeShare, kLongestProbe) : size_;
    const double probe_ticks = kProbeTime * TickClock::per_microsecond();
    const double shorter = workers_ > 1 ? kPieceTime / kProbeTime : 1.0;
    const std::uint64_t start = TickClock::now();
    std::size_t lo = 0;
    std::size_t length = 1;
    for (;;) {
      const std::size_t next = lo + std::min(length, size_ - lo);
      run(lo, next);
      lo = next;
      if (lo == size_) return lo;
      const double spent = TickClock::since(start);
      if (spent >= probe_ticks) {
        set_grain(fit(lo, spent), lo);
        return lo;
      }
      length = std::min({fit(lo, spent * shorter), saturated(lo, kProbeGrowth), most});
    }
  }

  std::size_t run_timed(std::size_t lo, std::size_t hi) {
    const std::size_t first = lo;
    const std::size_t step = std::max<std::size_t>((hi - lo) / kLooks, 1);
    const std::uint64_t start = TickClock::now();
    for (;;) {
      const std::size_t next = lo + std::min(step, hi - lo);
      run(lo, next);
      lo = next;
      if (hi - lo < 2) {
        if (lo == hi) break;
        continue;
      }
      if (!is_starved()) continue;
      const double rest = TickClock::since(start) / static_cast<double>(lo - first) * static_cast<double>(hi - lo);
      if (rest > kWorthTime * TickClock::per_microsecond()) break;
    }
    learn(lo - first, TickClock::since(start));
    return lo;
  }

  /// Whether idle workers would find nothing here.
  static bool is_starved() noexcept {
    const WorkerContext* const worker = current_worker();
    return worker != nullptr && worker->worker_count > 1 && worker->fork_deque->size_hint() == 0;
  }

  // ---- the grain ----

  static std::size_t saturated(std::size_t n, std::size_t factor) noexcept {
    return n > std::numeric_limits<std::size_t>::max() / factor ? std::numeric_limits<std::size_t>::max() : n * factor;
  }

  /// How many positions take kPieceTime if `done` took `ticks`.
  static std::size_t fit(std::size_t done, double ticks) noexcept {
    const double wanted = static_cast<double>(done) * (kPieceTime * TickClock::per_microsecond()) / ticks;
    constexpr double kMost = 9.0e18;
    return std::max<std::size_t>(static_cast<std::size_t>(std::min(wanted, kMost)), 1);
  }

  void set_grain(std::size_t wanted, std::size_t done) noexcept {
    // relaxed: an estimate; of two pieces that correct it at once, either may win.
    grain_.store(std::min(wanted, saturated(done, kGrowth)), relaxed);
  }

  /// Corrects the grain when it is off by a factor of two. Otherwise nothing is written, so the line stays shared.
  void learn(std::size_t done, double ticks) noexcept {
    const std::size_t wanted = fit(done, ticks);
    const std::size_t now = grain();
    const bool is_too_long = wanted < now / 2;
    const bool is_too_short = wanted / 2 > now && done > now / kGrowth;
    if (is_too_long || is_too_short) set_grain(wanted, done);
  }

  // ---- the end ----

  bool is_stopped() noexcept {
    if (is_over()) return true;
    if (scope_ == nullptr || !scope_->stop_requested()) [[likely]] return false;
    End regular = End::Regular;
    // relaxed: nothing is published with it.
    end_.compare_exchange_strong(regular, End::Stopped, relaxed, relaxed);
    return true;
  }

  /// Keeps the exception that is being handled, if it is the first.
  WEFT_COLD void fail() noexcept {
    // relaxed: one piece only finds another value and writes error_, and it is joined before finish() reads it.
    if (end_.exchange(End::Failed, relaxed) != End::Failed) error_ = std::current_exception();
  }

  // ---- never changes once pieces run ----
  Chunk& chunk_;
  StopScope* scope_;
  std::size_t size_;
  std::size_t fixed_grain_;  // 0: measured
  std::size_t part_ = 0;     // Partition::Equal: positions are parts, of so many iterations each
  std::size_t longer_parts_ = 0;  // so many of which have one more
  unsigned workers_;
  bool has_parts_ = false;
  // ---- written by any piece, seldom ----
  Atomic<End> end_{End::Regular};
  Atomic<std::size_t> grain_;
  std::exception_ptr error_;  // written by the piece that turned end_ into Failed
};

}  // namespace weft::inline v0::detail
