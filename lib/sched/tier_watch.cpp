#include "sched/tier_watch.hpp"

#include <cstddef>
#include <cstdint>

#include "sched/pool.hpp"
#include "sched/tier_turns.hpp"

namespace weft::inline v0 {

namespace {

std::int64_t in_ns(std::chrono::steady_clock::time_point time) noexcept { return std::chrono::nanoseconds(time.time_since_epoch()).count(); }

std::vector<unsigned> sizes_of(const PinningPlan& plan) {
  std::vector<unsigned> sizes;
  for (const PinningPlan::Tier& tier : plan.tiers) sizes.push_back(tier.count);
  return sizes;
}

std::vector<TierKind> kinds_of(const PinningPlan& plan) {
  std::vector<TierKind> kinds;
  for (const PinningPlan::Tier& tier : plan.tiers) kinds.push_back(tier.kind);
  return kinds;
}

}  // namespace

TierWatch::TierWatch(Pool& pool, const PinningPlan& plan, unsigned spare_workers, const TierOptions& options,
                     const std::function<void(const TierChange&)>& on_change)
    : pool_(pool),
      plan_(plan),
      on_change_(on_change),
      meter_(plan.tiers.size() < 2 ? 0 : plan.workers + spare_workers) {
  if (plan.tiers.size() < 2) return;
  tiers_ = static_cast<unsigned>(plan.tiers.size());
  policy_.emplace(sizes_of(plan), options, kinds_of(plan));
  counts_ = std::make_unique<Count[]>(tiers_);
}

/// The pool as the meter sees it.
struct TierWatch::MeterHost {
  const Pool& pool;
  std::int64_t now_ns;

  [[nodiscard]] std::size_t workers() const noexcept { return pool.seats_.count(); }
  [[nodiscard]] WorkerFigures figures_of(std::size_t index) const noexcept {
    const Worker& worker = pool.seats_[static_cast<unsigned>(index)];
    return {worker.idle_ns_hint(now_ns), worker.jobs_begun(), BlockingWord::is_inside(worker.blocking.look())};
  }
  [[nodiscard]] std::uint64_t visible_jobs() const noexcept { return pool.visible_jobs(); }
};

void TierWatch::look(Clock::time_point now) noexcept {
  TierSample sample;
  sample.now_ns = in_ns(now);
  const Load load = meter_.look(sample.now_ns, MeterHost{pool_, sample.now_ns});
  sample.busy = load.busy;
  sample.waiting = load.waiting;
  // relaxed: see ask().
  answered_ = asked_.load(relaxed);
  sample.least_open = answered_;
  sample.is_anybody_idle = pool_.idle_.is_anybody_idle();
  is_anybody_awake_ = !pool_.idle_.are_all_asleep();
  if (const auto change = policy_->step(sample)) make(*change);
  is_pressing_ = !sample.is_anybody_idle && is_anybody_awake_ && !policy_->are_all_open();
}

void TierWatch::make(const TierChange& change) noexcept {
  for (unsigned tier = change.open_before; tier < change.open_after; ++tier) counts_[tier].opened.add();
  for (unsigned tier = change.open_after; tier < change.open_before; ++tier) counts_[tier].closed.add();
  pool_.open_workers(change.workers_after);
  if (on_change_) on_change_(change);
}

std::chrono::nanoseconds TierWatch::busy_turn() const noexcept { return policy_ ? turn_while_busy(*policy_) : kNoTurn; }

std::chrono::nanoseconds TierWatch::idle_turn(Clock::time_point now) const noexcept {
  return policy_ ? turn_while_idle(*policy_, in_ns(now)) : kNoTurn;
}

std::vector<TierStats> TierWatch::stats() const {
  std::vector<TierStats> stats;
  for (unsigned tier = 0; tier < tiers_; ++tier) {
    const PinningPlan::Tier& of = plan_.tiers[tier];
    const std::uint64_t closed = counts_[tier].closed.get();
    const std::uint64_t opened = counts_[tier].opened.get();  // after it: what was closed had been opened
    stats.push_back({of.name, of.first, of.count, opened, closed, !pool_.idle_.is_closed_hint(of.first)});
  }
  return stats;
}

}  // namespace weft::inline v0
