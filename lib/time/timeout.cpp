#include <weft/time/timeout.hpp>

#include <string>

#include "queue/timer_queue.hpp"
#include "time/worker_timers.hpp"
#include <weft/base/assert.hpp>

namespace weft::inline v0::detail {

TimeLimit::TimeLimit(StopScope* around, TimeNs until_time) : TimeLimit(around, until_time, worker_with_timers()) {}

TimeLimit::TimeLimit(StopScope* around, TimeNs until_time, WorkerContext& here)
    : LimitedScope(around, until_time >= 0 ? until_time : begun(until_time, time_by(here.manual_time)), here.manual_time),
      queue_(here.timers),
      made_on_(here),
      executor_(*here.executor) {
  due = until();
  fire = [](Timer* timer) noexcept {
    auto& self = *static_cast<TimeLimit*>(timer);
    // What learns of the request may be the program's own code: that should run on workers, and not on whoever looks at the clock for them. But if
    // all are busy, one of them may be busy with work that waits to be asked.
    if (current_worker() != nullptr || !self.made_on_.is_anybody_idle()) return self.ask_to_stop();
    self.executor_.post(self.link_, Priority::High);
  };
  static_cast<Job&>(stop_job_) = marked_job([](Job* job) { static_cast<StopJob*>(job)->limit->ask_to_stop(); }, nullptr);
  stop_job_.limit = this;
  link_.job = &stop_job_;
  const TimeNs now = time_by(here.manual_time);
  if (due <= now) {
    state = State::Fired;
    ask_to_stop();
    return;
  }
  if (queue_->arm(*this, now) == TimerQueue::Armed::First) made_on_.timer_is_first(due - now);
}

TimeLimit::~TimeLimit() {
  WEFT_CHECK(try_end(), "a timeout was destroyed while its timer fires: let the task that awaits it end");
}

void TimeLimit::ask_to_stop() noexcept {
  request_stop();
  fired_.set();
  // ---- the limit may be gone (L4) ----
}

bool TimeLimit::try_end() noexcept {
  has_ended_ = has_ended_ || fired_.is_set() || queue_->cancel(*this);
  return has_ended_;
}

bool TimeLimit::has_cut_off(const std::exception_ptr& error) const noexcept {
  return is_over() && is_cancellation(error) && (around() == nullptr || !around()->stop_requested());
}

void throw_timeout(std::chrono::nanoseconds span) {
  const auto in_ms = std::chrono::ceil<std::chrono::milliseconds>(span);
  throw TimeoutError("weft: the work had not ended after " + std::to_string(in_ms.count()) + " ms (timeout), and was asked to stop");
}

}  // namespace weft::inline v0::detail
