#include <weft/time/sleep.hpp>

#include <memory>

#include "queue/timer_queue.hpp"
#include "time/worker_timers.hpp"
#include <weft/base/assert.hpp>

namespace weft::inline v0::detail {

bool SleepState::begin(Job* sleeper, StopScope* scope) {
  WorkerContext& worker = worker_with_timers();
  if (scope != nullptr && scope->stop_requested()) {
    state = State::Cancelled;
    return false;
  }
  const TimeNs now = time_by(worker.manual_time);
  if (due < 0) [[unlikely]] due = begun(due, now);
  if (due <= now) return false;
  fire = wake_in_order;
  waiter_.suspend_here(sleeper);
  queue_ = worker.timers;
  // Before it is armed: afterwards somebody else may run the sleeper already. A stop that comes in between finds a timer that is not armed, and
  // has arm() refuse it.
  //
  // Most sleepers in a domain are in no other scope. Their timers are all in the queues of its workers, so whoever stops the domain finds them there
  // (Pool::stop_tasks), and the list of callbacks, whose neighbours are other frames, need not be touched.
  ends_with_domain = scope == worker.domain;
  if (scope != nullptr && !ends_with_domain) {
    std::construct_at(&on_stop_, scope->token(), OnStop{this});
    has_callback_ = true;
  }
  may_be_woken_ = true;
  TimerQueue::Armed armed = TimerQueue::Armed::No;
  const TimeNs due_in = due - now;
  try {
    armed = queue_->arm(*this, now, [this, scope] { return ends_with_domain && scope->stop_requested(); });
  } catch (...) {
    may_be_woken_ = false;
    throw;
  }
  if (armed == TimerQueue::Armed::No) {
    may_be_woken_ = false;
    return false;
  }
  // ---- *this may be gone (L4) ----
  if (armed == TimerQueue::Armed::First) worker.timer_is_first(due_in);
  return true;
}

/// Behind those whose time came before, as for operations that have landed. Onto the deque, whose last are taken first, they would go in the reverse
/// order, and on a worker that always has new ones the first would wait for ever.
void SleepState::wake_in_order(Timer* timer) noexcept {
  auto& self = *static_cast<SleepState*>(timer);
  CoroutineWaiter& waiter = self.waiter_;
  if (WorkerContext* const worker = current_worker(); worker != nullptr && worker->timers == self.queue_) {
    waiter.link.next = nullptr;
    worker->enqueue_due(&waiter.link, 1, waiter.priority);
  } else {
    waiter.wake(&waiter);  // in the worker's place, or all are stopped
  }
  // ---- the sleep may be gone (L4) ----
}

void SleepState::end() {
  // Waits for a callback that has come too late and is still on its way out.
  drop_callback();
  may_be_woken_ = false;
  if (state == State::Cancelled) throw OperationCancelled();
}

void SleepState::abandon() noexcept {
  drop_callback();
  WEFT_CHECK(queue_->cancel(*this), "a coroutine was destroyed in a sleep from which it is just being woken");
}

void SleepState::OnStop::operator()() const noexcept {
  // Locals: when it has been woken, the sleep may be gone before this call is over; that waits for the call, and not for what it uses.
  SleepState& self = *sleep;
  if (!self.queue_->cancel(self)) return;
  self.waiter_.wake(&self.waiter_);
}

}  // namespace weft::inline v0::detail
