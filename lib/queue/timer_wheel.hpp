/// @file
/// Timers in order of the time at which they are due, at the same cost however many there are.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <weft/queue/timer.hpp>

namespace weft::inline v0 {

/// A hierarchical timing wheel. README.md beside this file has its invariants.
///
/// Time is cut into ticks of 33 us. A timer is due at the first tick that is not before its time: never early, and up to a tick late. Level 0 has
/// a slot for each tick of the 256 that the present one belongs to, level 1 for each 256 ticks of the 65,536 around, and so on: six levels hold
/// every time that there is. When the first tick of a slot of a higher level comes, its timers move down.
///
/// Threads: one at a time.
/// Cost:    adding and removing a few writes; taking what is due as much again for each level that a timer was above the lowest: for
///          times of up to 8 ms none, up to 2 s one, up to 9 minutes two. 48 KiB.
/// Source:  G. Varghese and T. Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987, scheme 7.
class TimerWheel {
 public:
  static constexpr std::size_t kAllSlots = 6 * 256;
  static constexpr unsigned kTickBits = 15;  // of a time in ns
  static constexpr TimeNs kTick = TimeNs{1} << kTickBits;

  /// @param now  no timer is taken for a time before this one
  explicit TimerWheel(TimeNs now) noexcept : present_(tick_of(now)) {}
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// When a timer that is due then is taken first.
  [[nodiscard]] static TimeNs time_for(TimeNs due) noexcept { return time_of(due_tick(due)); }

  /// No timer is taken for a time before this one. Pre: the wheel is empty. Only saves moving timers down: after a pause the present lags behind.
  void begin_at(TimeNs now) noexcept { present_ = tick_of(now) > present_ ? tick_of(now) : present_; }
  /// Pre: `timer` is in no wheel, and `due` is set; not below zero.
  void add(Timer& timer) noexcept;
  /// Pre: it is in this wheel.
  void remove(Timer& timer) noexcept;

  /// Takes timers that are due out of the wheel, in the order of their ticks.
  ///
  /// @param steps  so many timers are taken or moved down at most; there may be more when next() is not after `now`
  /// @return       a list of them, linked by `next`
  [[nodiscard]] Timer* take_due(TimeNs now, unsigned steps) noexcept;

  /// Takes those timers out of one slot that `is_wanted`. Slots are numbered level by level from the lowest.
  template <class IsWanted>
  [[nodiscard]] Timer* take_all_of(std::size_t slot, IsWanted is_wanted) noexcept {
    Timer* taken = nullptr;
    for (unsigned list = 0; list < kLists; ++list) {
      for (Timer* timer = heads_[slot * kLists + list]; timer != nullptr;) {
        Timer* const next = timer->next;
        if (is_wanted(*timer)) {
          remove(*timer);
          timer->next = taken;
          taken = timer;
        }
        timer = next;
      }
    }
    return taken;
  }

  /// When take_due() has something to do next, which may be to move timers down. kNeverNs: the wheel is empty.
  [[nodiscard]] TimeNs next() const noexcept;
  [[nodiscard]] bool is_empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  static constexpr unsigned kSlotBits = 8;
  static constexpr unsigned kSlots = 1U << kSlotBits;
  // A slot has several lists, which are taken from in turn. Where there are many timers each is a miss of the cache, and of one list the next is known
  // only when the last has come.
  static constexpr unsigned kLists = 4;
  static constexpr unsigned kLevels = (63 - kTickBits) / kSlotBits;
  static_assert(kLevels * kSlotBits + kTickBits == 63, "every time has a place");

  using Tick = std::uint64_t;
  using Slots = std::array<std::uint64_t, kSlots / 64>;  // a bit for each that is not empty

  struct Place {
    unsigned level = kLevels;  // kLevels: there is none
    unsigned slot = 0;
  };

  /// The last tick that has begun.
  [[nodiscard]] static Tick tick_of(TimeNs now) noexcept { return static_cast<Tick>(now) >> kTickBits; }
  /// The first that is not before the time.
  [[nodiscard]] static Tick due_tick(TimeNs due) noexcept {
    return (static_cast<Tick>(due) >> kTickBits) + ((static_cast<Tick>(due) & (Tick{kTick} - 1)) != 0);
  }
  [[nodiscard]] static TimeNs time_of(Tick tick) noexcept;
  [[nodiscard]] static unsigned slot_of(Tick tick, unsigned level) noexcept {
    return static_cast<unsigned>(tick >> (level * kSlotBits)) & (kSlots - 1);
  }
  [[nodiscard]] Timer** heads_of(Place place) noexcept { return &heads_[(place.level * kSlots + place.slot) * kLists]; }
  [[nodiscard]] Timer* const* heads_of(Place place) const noexcept { return &heads_[(place.level * kSlots + place.slot) * kLists]; }
  [[nodiscard]] Place place_for(Tick tick) const noexcept;
  /// The place whose timers come before all others.
  [[nodiscard]] Place first_place() const noexcept;
  /// The tick at which that of a higher level moves down, or that of the lowest is due.
  [[nodiscard]] Tick begin_of(Place place) const noexcept;
  void link(Timer& timer) noexcept;
  static void unlink(Timer& timer) noexcept;
  /// After one was taken out.
  void note_if_empty(Place place) noexcept;

  Tick present_;  // what was due before it has been taken
  std::size_t count_ = 0;
  std::array<Slots, kLevels> used_{};
  static_assert(kAllSlots == std::size_t{kLevels} * kSlots);
  unsigned turn_ = 0;  // whose it is to get the next timer
  std::array<Timer*, kAllSlots * kLists> heads_{};
};

}  // namespace weft::inline v0
