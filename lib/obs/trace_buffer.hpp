/// @file
/// Where events are kept while a runtime is traced.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include <weft/base/atomic.hpp>
#include <weft/obs/trace.hpp>

namespace weft::inline v0 {

/// A ring of events: where there is no room, the oldest one is lost, and counted.
///
/// Threads: any. Meant for what happens at most some thousand times a second, all of it on one thread: there is a lock.
class TraceBuffer {
 public:
  static constexpr std::size_t kCapacity = std::size_t{16} << 10;  // tiers that change at each look of the watcher fill it in 16 s

  explicit TraceBuffer(std::size_t capacity = kCapacity) noexcept : capacity_(capacity) {}

  /// Takes the memory for all events, so that record() needs none. Errors: UsageError if it is on, std::bad_alloc.
  void start(std::chrono::steady_clock::time_point now);

  /// What was recorded since start(): `began`, `ended`, `events` and `lost`. Errors: UsageError if it is not on.
  [[nodiscard]] Trace stop(std::chrono::steady_clock::time_point now);

  /// Cost: a load while it is off.
  void record(const TraceEvent& event) noexcept {
    // relaxed: an event of the moment at which the trace is switched on or off may be in it or not; the rest is under the lock.
    if (is_on_.load(relaxed)) keep(event);
  }

 private:
  WEFT_COLD void keep(const TraceEvent& event) noexcept;

  const std::size_t capacity_;
  Atomic<bool> is_on_{false};
  // ---- guarded by mutex_ ----
  std::mutex mutex_;
  std::chrono::steady_clock::time_point began_;
  std::vector<TraceEvent> events_;
  std::size_t oldest_ = 0;  // where the next one goes when all places are taken
  std::uint64_t lost_ = 0;
};

}  // namespace weft::inline v0
