#include "queue/timer_queue.hpp"

#include <cstddef>
#include <mutex>

#include <weft/base/cache_line.hpp>

namespace weft::inline v0 {

namespace {

constexpr unsigned kStepsAtOnce = 64;  // with the lock held: some microseconds, if each is a cache miss

/// What waits lies around its timer, in the frame of whoever waits, and has not been touched for long: it is on its way into the cache while the
/// others of the list are looked at.
void fetch_around(const Timer& timer) noexcept {
  const auto* const at = reinterpret_cast<const char*>(&timer);
  for (const std::ptrdiff_t line : {-2, -1, 1, 2}) __builtin_prefetch(at + line * static_cast<std::ptrdiff_t>(kCacheLine));
}

void fire_all(Timer* list) noexcept {
  while (list != nullptr) {
    Timer* const next = list->next;  // before the call: it may free the timer
    list->fire(list);
    list = next;
  }
}

}  // namespace

void TimerQueue::note_next(TimeNs next) noexcept {
  // relaxed: see next_hint().
  if (next_.load(relaxed) != next) next_.store(next, relaxed);
}

TimerQueue::Armed TimerQueue::arm_locked(Timer& timer, TimeNs now) {
  if (timer.state == Timer::State::Cancelled) return Armed::No;
  if (wheel_ == nullptr) [[unlikely]] {
    if (exact_ != nullptr) return arm_exactly(timer);
    wheel_ = std::make_unique<TimerWheel>(now);
  }
  if (wheel_->is_empty()) wheel_->begin_at(now);
  timer.state = Timer::State::Armed;
  wheel_->add(timer);
  const TimeNs at = TimerWheel::time_for(timer.due);
  // relaxed: as in note_next().
  if (at >= next_.load(relaxed)) return Armed::Yes;
  note_next(at);
  return Armed::First;
}

TimerQueue::Armed TimerQueue::arm_exactly(Timer& timer) {
  exact_->add(timer);
  timer.state = Timer::State::Armed;
  // relaxed: as in note_next().
  const bool is_first = timer.due < next_.load(relaxed);
  note_next(exact_->next());
  return is_first ? Armed::First : Armed::Yes;
}

Timer* TimerQueue::take_some(TimeNs now) noexcept {
  if (wheel_ != nullptr) return wheel_->take_due(now, kStepsAtOnce);
  return exact_ != nullptr ? exact_->take_first(now) : nullptr;
}

TimeNs TimerQueue::next_locked() const noexcept {
  if (wheel_ != nullptr) return wheel_->next();
  return exact_ != nullptr ? exact_->next() : kNeverNs;
}

bool TimerQueue::cancel(Timer& timer) noexcept {
  const std::lock_guard lock(mutex_);
  const bool was_armed = timer.state == Timer::State::Armed;
  if (was_armed && exact_ != nullptr) [[unlikely]] {
    exact_->remove(timer);
    note_next(exact_->next());
  } else if (was_armed) {
    wheel_->remove(timer);
    // Who relies on the hint would go on looking for what is not there. relaxed: as in note_next().
    if (TimerWheel::time_for(timer.due) <= next_.load(relaxed)) note_next(wheel_->next());
  }
  if (timer.state != Timer::State::Fired) timer.state = Timer::State::Cancelled;
  return was_armed;
}

void TimerQueue::cancel_all() noexcept {
  const auto ends_with_domain = [](const Timer& timer) { return timer.ends_with_domain; };
  if (exact_ != nullptr) {
    std::unique_lock lock(mutex_);
    Timer* const list = exact_->take_all(ends_with_domain);
    for (Timer* timer = list; timer != nullptr; timer = timer->next) timer->state = Timer::State::Cancelled;
    note_next(exact_->next());
    lock.unlock();
    return fire_all(list);
  }
  // From the highest level down, as timers move: who moves between two steps is still to be found.
  for (std::size_t slot = TimerWheel::kAllSlots; slot-- != 0;) {
    Timer* list = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (wheel_ == nullptr) return;
      list = wheel_->take_all_of(slot, ends_with_domain);
      for (Timer* timer = list; timer != nullptr; timer = timer->next) timer->state = Timer::State::Cancelled;
    }
    fire_all(list);
  }
}

bool TimerQueue::fire_some(TimeNs now) noexcept {
  Timer* due = nullptr;
  {
    const std::lock_guard lock(mutex_);
    due = take_some(now);
    note_next(next_locked());
    for (Timer* timer = due; timer != nullptr; timer = timer->next) {
      timer->state = Timer::State::Fired;
      fetch_around(*timer);
    }
  }
  const bool is_any = due != nullptr;
  fire_all(due);
  return is_any;
}

bool TimerQueue::fire_due(TimeNs now) noexcept {
  bool is_any = false;
  while (next_hint() <= now) is_any = fire_some(now) || is_any;
  return is_any;
}

TimeNs TimerQueue::next() noexcept {
  const std::lock_guard lock(mutex_);
  note_next(next_locked());
  return next_hint();
}

}  // namespace weft::inline v0
