#include <weft/time/timeout.hpp>

#include "queue/timer_queue.hpp"
#include "time/worker_timers.hpp"

namespace weft::inline v0::detail {

TimeLimit::TimeLimit(StopScope* around, std::chrono::steady_clock::time_point until_time)
    : LimitedScope(around, until_time.time_since_epoch().count()) {
  WorkerContext& worker = worker_with_timers();
  due = until();
  fire = [](Timer* timer) noexcept {
    auto& self = *static_cast<TimeLimit*>(timer);
    self.request_stop();
    self.fired_.set();
    // ---- the limit may be gone (L4) ----
  };
  queue_ = worker.timers;
  const TimeNs now = std::chrono::steady_clock::now().time_since_epoch().count();
  if (due <= now) {
    state = State::Fired;
    fire(this);
    return;
  }
  if (queue_->arm(*this, now) == TimerQueue::Armed::Alone) worker.timers_begin();
}

bool TimeLimit::try_end() noexcept { return fired_.is_set() || queue_->cancel(*this); }

bool is_too_late(const TimeLimit& limit, const StopScope* around, const std::exception_ptr& error) noexcept {
  return limit.has_come() && is_cancellation(error) && (around == nullptr || !around->stop_requested());
}

void throw_timeout() { throw TimeoutError("weft: the work had not ended in its time (timeout), and was asked to stop"); }

}  // namespace weft::inline v0::detail
