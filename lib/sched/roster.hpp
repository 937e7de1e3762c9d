/// @file
/// Which workers there are, which of them sleep, and whose tiers are open.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <weft/base/assert.hpp>

namespace weft::inline v0 {

/// To whom it is all the same who is woken: the one that has slept the shortest, for its cache is the warmest.
struct NoPreference {
  [[nodiscard]] static constexpr bool is_any() noexcept { return true; }
  [[nodiscard]] constexpr unsigned operator()(unsigned /*worker*/) const noexcept { return 0; }
};

/// The bookkeeping of BasicIdle. The workers of open tiers come first, then those of closed tiers, then spare ones, which belong to no tier.
///
/// Threads: one at a time; BasicIdle locks.
class Roster {
 public:
  /// @param planned  workers that belong to tiers: all open, and asleep
  /// @param most     that there may ever be
  Roster(unsigned planned, unsigned most) : planned_(planned), open_(planned), states_(std::max(planned, most), State::Gone) {
    sleepers_.reserve(states_.size());
    for (unsigned worker = planned; worker-- > 0;) join_asleep(worker);
  }

  [[nodiscard]] unsigned present() const noexcept { return present_; }
  [[nodiscard]] unsigned asleep() const noexcept { return static_cast<unsigned>(sleepers_.size()); }
  [[nodiscard]] unsigned awake() const noexcept { return present_ - asleep(); }
  [[nodiscard]] unsigned open() const noexcept { return open_; }
  [[nodiscard]] bool is_closed(unsigned worker) const noexcept { return worker >= open_ && worker < planned_; }
  [[nodiscard]] unsigned awake_closed() const noexcept { return awake_closed_; }
  [[nodiscard]] unsigned asleep_closed() const noexcept { return asleep_closed_; }
  /// Of those of closed tiers that are awake: who was woken when its tier was closed already, in the place of somebody who is blocked.
  [[nodiscard]] unsigned placed() const noexcept { return placed_; }
  [[nodiscard]] bool is_placed(unsigned worker) const noexcept { return states_[worker] == State::Placed; }
  [[nodiscard]] bool is_any_open_asleep() const noexcept {
    return std::any_of(sleepers_.begin(), sleepers_.end(), [this](unsigned worker) { return worker < open_; });
  }

  /// The first `count` of the planned workers are in open tiers from now on.
  void set_open(unsigned count) noexcept {
    WEFT_ASSERT(count <= planned_, "idle protocol: more workers are in open tiers than there are in all");
    open_ = count;
    awake_closed_ = asleep_closed_ = placed_ = 0;
    for (unsigned worker = 0; worker < planned_; ++worker) {
      if (worker < open_ && states_[worker] == State::Placed) states_[worker] = State::Awake;
      if (worker >= open_) count_closed(worker, 1);
    }
  }

  /// gone -> awake, gone -> asleep
  void join_awake(unsigned worker) noexcept { change(worker, State::Gone, State::Awake); }
  void join_asleep(unsigned worker) noexcept {
    change(worker, State::Gone, State::Asleep);
    sleepers_.push_back(worker);
  }
  /// awake -> gone
  void leave(unsigned worker) noexcept { change(worker, awake_state(worker), State::Gone); }
  /// awake -> asleep
  void fall_asleep(unsigned worker) noexcept {
    change(worker, awake_state(worker), State::Asleep);
    sleepers_.push_back(worker);  // capacity was reserved for every worker
  }
  /// asleep -> awake, in nobody's place. False: it does not sleep.
  [[nodiscard]] bool wake(unsigned worker) noexcept {
    if (!wake_to_run(worker)) return false;
    if (states_[worker] == State::Placed) change(worker, State::Placed, State::Awake);
    return true;
  }
  /// asleep -> awake; one of a closed tier in the place of somebody who is blocked. False: it does not sleep.
  [[nodiscard]] bool wake_to_run(unsigned worker) noexcept {
    if (states_[worker] != State::Asleep) return false;
    wake_at(static_cast<std::size_t>(std::find(sleepers_.begin(), sleepers_.end(), worker) - sleepers_.begin()));
    return true;
  }
  /// Who comes first by `rank(worker)` of those that sleep, and of several the one that has slept the shortest. Those of closed tiers count
  /// only `with_closed`.
  template <class Rank>
  [[nodiscard]] std::optional<unsigned> best_sleeper(const Rank& rank, bool with_closed) const noexcept {
    const std::size_t best = find_best(rank, with_closed);
    if (best == sleepers_.size()) return std::nullopt;
    return sleepers_[best];
  }
  /// wake_to_run() for that one. Pre: there is one.
  template <class Rank>
  unsigned wake_best(const Rank& rank, bool with_closed) noexcept {
    const std::size_t best = find_best(rank, with_closed);
    WEFT_ASSERT(best != sleepers_.size(), "idle protocol: nobody sleeps who may be woken");
    return wake_at(best);
  }

 private:
  enum class State : std::uint8_t { Gone, Awake, Placed, Asleep };

  /// Its place in `sleepers_`, or the end.
  template <class Rank>
  [[nodiscard]] std::size_t find_best(const Rank& rank, bool with_closed) const noexcept {
    std::size_t best = sleepers_.size();
    unsigned best_rank = 0;
    for (std::size_t at = sleepers_.size(); at-- > 0;) {
      if (!with_closed && is_closed(sleepers_[at])) continue;
      const unsigned its_rank = rank(sleepers_[at]);
      if (best != sleepers_.size() && its_rank >= best_rank) continue;
      best = at;
      best_rank = its_rank;
      if (rank.is_any()) break;
    }
    return best;
  }

  [[nodiscard]] State awake_state(unsigned worker) const noexcept {
    return states_[worker] == State::Placed ? State::Placed : State::Awake;
  }

  unsigned wake_at(std::size_t at) noexcept {
    const unsigned worker = sleepers_[at];
    for (; at + 1 < sleepers_.size(); ++at) sleepers_[at] = sleepers_[at + 1];
    sleepers_.pop_back();
    change(worker, State::Asleep, is_closed(worker) ? State::Placed : State::Awake);
    return worker;
  }

  void change(unsigned worker, State from, State to) noexcept {
    WEFT_ASSERT(states_[worker] == from, "idle protocol: a worker is in two states at once (I1)");
    if (from == State::Gone) ++present_;
    if (to == State::Gone) --present_;
    const bool counts = is_closed(worker);
    if (counts) count_closed(worker, -1);
    states_[worker] = to;
    if (counts) count_closed(worker, 1);
  }
  void count_closed(unsigned worker, int by) noexcept {
    if (states_[worker] == State::Awake || states_[worker] == State::Placed) awake_closed_ += static_cast<unsigned>(by);
    if (states_[worker] == State::Placed) placed_ += static_cast<unsigned>(by);
    if (states_[worker] == State::Asleep) asleep_closed_ += static_cast<unsigned>(by);
  }

  const unsigned planned_;
  unsigned open_;
  unsigned present_ = 0;
  unsigned awake_closed_ = 0;
  unsigned asleep_closed_ = 0;
  unsigned placed_ = 0;
  std::vector<State> states_;
  std::vector<unsigned> sleepers_;  // most recent last
};

}  // namespace weft::inline v0
