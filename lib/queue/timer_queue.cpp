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

Timer* reversed(Timer* list) noexcept {
  Timer* result = nullptr;
  while (list != nullptr) {
    Timer* const next = list->next;
    list->next = result;
    result = list;
    list = next;
  }
  return result;
}

}  // namespace

void TimerQueue::note_next(TimeNs next) noexcept {
  // relaxed: see next_hint().
  if (next_.load(relaxed) != next) next_.store(next, relaxed);
}

TimerQueue::Armed TimerQueue::arm_locked(Timer& timer, TimeNs now) {
  if (timer.state == Timer::State::Cancelled) return Armed::No;
  if (wheel_ == nullptr) wheel_ = std::make_unique<TimerWheel>(now);
  if (wheel_->is_empty()) wheel_->begin_at(now);
  timer.state = Timer::State::Armed;
  wheel_->add(timer);
  const TimeNs at = TimerWheel::time_for(timer.due);
  // relaxed: as in note_next().
  if (at >= next_.load(relaxed)) return Armed::Yes;
  note_next(at);
  return Armed::First;
}

bool TimerQueue::cancel(Timer& timer) noexcept {
  const std::lock_guard lock(mutex_);
  const bool was_armed = timer.state == Timer::State::Armed;
  if (was_armed) {
    wheel_->remove(timer);
    // Who relies on the hint would go on looking for what is not there. relaxed: as in note_next().
    if (TimerWheel::time_for(timer.due) <= next_.load(relaxed)) note_next(wheel_->next());
  }
  if (timer.state != Timer::State::Fired) timer.state = Timer::State::Cancelled;
  return was_armed;
}

void TimerQueue::cancel_all() noexcept {
  // From the highest level down, as timers move: who moves between two steps is still to be found.
  for (std::size_t slot = TimerWheel::kAllSlots; slot-- != 0;) {
    Timer* list = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (wheel_ == nullptr) return;
      list = wheel_->take_all_of(slot, [](const Timer& timer) { return timer.ends_with_domain; });
      for (Timer* timer = list; timer != nullptr; timer = timer->next) timer->state = Timer::State::Cancelled;
    }
    while (list != nullptr) {
      Timer* const next = list->next;  // before the call: it may free the timer
      list->fire(list);
      list = next;
    }
  }
}

bool TimerQueue::fire_some(TimeNs now, Order order) noexcept {
  bool is_any = false;
  while (!is_any && next_hint() <= now) {
    Timer* due = nullptr;
    {
      const std::lock_guard lock(mutex_);
      due = wheel_->take_due(now, kStepsAtOnce);
      note_next(wheel_->next());
      for (Timer* timer = due; timer != nullptr; timer = timer->next) {
        timer->state = Timer::State::Fired;
        fetch_around(*timer);
      }
    }
    is_any = due != nullptr;
    if (order == Order::FirstDueLast) due = reversed(due);
    while (due != nullptr) {
      Timer* const next = due->next;  // before the call: it may free the timer
      due->fire(due);
      due = next;
    }
  }
  return is_any;
}

bool TimerQueue::fire_due(TimeNs now) noexcept {
  bool is_any = false;
  while (fire_some(now, Order::FirstDueFirst)) is_any = true;
  return is_any;
}

TimeNs TimerQueue::next() noexcept {
  const std::lock_guard lock(mutex_);
  if (wheel_ == nullptr) return kNeverNs;
  note_next(wheel_->next());
  return next_hint();
}

}  // namespace weft::inline v0
