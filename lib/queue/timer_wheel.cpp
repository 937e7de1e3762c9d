#include "queue/timer_wheel.hpp"

#include <algorithm>

#include <weft/base/assert.hpp>

namespace weft::inline v0 {

TimeNs TimerWheel::time_of(Tick tick) noexcept {
  constexpr Tick kLast = static_cast<Tick>(kNeverNs) >> kTickBits;
  return tick > kLast ? kNeverNs : static_cast<TimeNs>(tick << kTickBits);
}

TimerWheel::Place TimerWheel::place_for(Tick tick) const noexcept {
  // The last tick may be one beyond what the levels hold; and what is due already is due at the present one.
  constexpr Tick kLast = (Tick{1} << (kLevels * kSlotBits)) - 1;
  tick = std::clamp(tick, present_, kLast);
  // By the highest digit in which the tick differs from the present one: so what lies on a level comes before all that lies above (W2).
  const unsigned level = (static_cast<unsigned>(std::bit_width((tick ^ present_) | 1)) - 1) / kSlotBits;
  return {level, slot_of(tick, level)};
}

TimerWheel::Place TimerWheel::first_place() const noexcept {
  // A slot of a higher level whose first tick is the present one is being moved down, and may hold what is due at once (W3).
  for (unsigned level = kLevels - 1; level > 0; --level) {
    const unsigned slot = slot_of(present_, level);
    if ((used_[level][slot / 64] >> (slot % 64) & 1) != 0) return {level, slot};
  }
  for (unsigned level = 0; level < kLevels; ++level) {
    for (unsigned word = slot_of(present_, level) / 64; word < used_[level].size(); ++word) {
      if (used_[level][word] != 0) return {level, word * 64 + static_cast<unsigned>(std::countr_zero(used_[level][word]))};
    }
  }
  return {};
}

TimerWheel::Tick TimerWheel::begin_of(Place place) const noexcept {
  const unsigned below = place.level * kSlotBits;
  const Tick around = present_ >> below >> kSlotBits << kSlotBits;
  return (around | place.slot) << below;
}

void TimerWheel::link(Timer& timer) noexcept {
  const Place place = place_for(due_tick(timer.due));
  Timer*& head = heads_of(place)[turn_++ % kLists];
  timer.next = head;
  timer.place = &head;
  if (head != nullptr) head->place = &timer.next;
  head = &timer;
  used_[place.level][place.slot / 64] |= std::uint64_t{1} << (place.slot % 64);
}

void TimerWheel::unlink(Timer& timer) noexcept {
  *timer.place = timer.next;
  if (timer.next != nullptr) timer.next->place = timer.place;
}

void TimerWheel::add(Timer& timer) noexcept {
  WEFT_ASSERT(timer.due >= 0, "a timer of a wheel is due before the clock began");
  link(timer);
  ++count_;
}

void TimerWheel::remove(Timer& timer) noexcept {
  unlink(timer);
  --count_;
  // If it was the only one of its slot, the slot is empty: next() is not to say that there is something.
  const auto head = (reinterpret_cast<std::uintptr_t>(timer.place) - reinterpret_cast<std::uintptr_t>(heads_.data())) / sizeof(Timer*);
  if (*timer.place != nullptr || head >= heads_.size()) return;
  const auto slot = static_cast<unsigned>(head / kLists);
  note_if_empty({slot / kSlots, slot % kSlots});
}

void TimerWheel::note_if_empty(Place place) noexcept {
  Timer* const* const heads = heads_of(place);
  if (std::all_of(heads, heads + kLists, [](const Timer* head) { return head == nullptr; })) {
    used_[place.level][place.slot / 64] &= ~(std::uint64_t{1} << (place.slot % 64));
  }
}

Timer* TimerWheel::take_due(TimeNs now, unsigned steps) noexcept {
  const Tick target = std::max(tick_of(now), present_);
  Timer* first = nullptr;
  Timer** end = &first;
  while (steps != 0) {
    const Place place = first_place();
    // A place that is being moved down begins at or before the present tick.
    const Tick begin = place.level == kLevels ? target + 1 : begin_of(place);
    if (begin > target) {
      present_ = target;  // no timer is due before it, so none lies where it would not be looked for (W1)
      break;
    }
    present_ = std::max(present_, begin);
    Timer** const heads = heads_of(place);
    unsigned empty = 0;  // lists in a row
    for (unsigned list = 0; steps != 0 && empty != kLists; list = (list + 1) % kLists) {
      Timer* const timer = heads[list];
      if (timer == nullptr) {
        ++empty;
        continue;
      }
      empty = 0;
      --steps;
      unlink(*timer);
      __builtin_prefetch(timer->next, 1);  // until it is this list's turn again
      if (place.level != 0) {
        link(*timer);
      } else {
        --count_;
        *end = timer;
        end = &timer->next;
      }
    }
    note_if_empty(place);
  }
  *end = nullptr;
  return first;
}

TimeNs TimerWheel::next() const noexcept {
  constexpr int kMostLookedAt = 8;  // who sleeps until a far time should not be woken before to move a few down
  if (is_empty()) return kNeverNs;
  const Place place = first_place();
  const Tick begin = std::max(begin_of(place), present_);
  // While a slot is moved down, there may be earlier ones below.
  if (place.level == 0 || begin == present_) return time_of(begin);
  Tick earliest = ~Tick{0};
  int looked_at = 0;
  for (unsigned list = 0; list < kLists; ++list) {
    for (const Timer* timer = heads_of(place)[list]; timer != nullptr; timer = timer->next) {
      if (++looked_at > kMostLookedAt) return time_of(begin);
      earliest = std::min(earliest, due_tick(timer->due));
    }
  }
  return time_of(earliest);
}

}  // namespace weft::inline v0
