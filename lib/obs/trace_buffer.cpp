#include "obs/trace_buffer.hpp"

#include <algorithm>
#include <utility>

#include <weft/base/error.hpp>

namespace weft::inline v0 {

void TraceBuffer::start(std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  // relaxed: changed under the lock.
  if (is_on_.load(relaxed)) throw UsageError("weft: start_trace was called, but this runtime is being traced already: stop_trace comes first");
  events_.reserve(capacity_);
  began_ = now;
  // relaxed: see record().
  is_on_.store(true, relaxed);
}

Trace TraceBuffer::stop(std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  // relaxed: changed under the lock.
  if (!is_on_.load(relaxed)) throw UsageError("weft: stop_trace was called, but this runtime is not being traced: start_trace comes first");
  // relaxed: see record().
  is_on_.store(false, relaxed);
  Trace trace;
  trace.began = began_;
  trace.ended = now;
  trace.events = std::exchange(events_, {});
  std::rotate(trace.events.begin(), trace.events.begin() + static_cast<std::ptrdiff_t>(std::exchange(oldest_, 0)), trace.events.end());
  trace.lost = std::exchange(lost_, 0);
  return trace;
}

void TraceBuffer::keep(const TraceEvent& event) noexcept {
  const std::lock_guard lock(mutex_);
  // relaxed: changed under the lock.
  if (!is_on_.load(relaxed)) return;
  if (events_.size() < capacity_) {
    events_.push_back(event);  // within what was reserved
    return;
  }
  events_[oldest_] = event;
  oldest_ = (oldest_ + 1) % capacity_;
  ++lost_;
}

}  // namespace weft::inline v0
