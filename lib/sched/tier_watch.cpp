#include "sched/tier_watch.hpp"

#include <algorithm>
#include <utility>

#include "sched/pool.hpp"

namespace weft::inline v0 {

namespace {

constexpr unsigned kLooksInHysteresis = 8;  // so that a window is measured to an eighth
constexpr std::chrono::milliseconds kTurn{4};  // each look is some 20 us, of a processor that somebody else may have
constexpr std::chrono::hours kNever{1};

std::vector<unsigned> sizes_of(const PinningPlan& plan) {
  std::vector<unsigned> sizes;
  for (const PinningPlan::Tier& tier : plan.tiers) sizes.push_back(tier.count);
  return sizes;
}

}  // namespace

TierWatch::TierWatch(Pool& pool, const PinningPlan& plan, unsigned spare_workers, const TierOptions& options,
                     const std::function<void(const TierChange&)>& on_change)
    : pool_(pool),
      plan_(plan),
      on_change_(on_change) {
  if (plan.tiers.size() < 2) return;
  tiers_ = static_cast<unsigned>(plan.tiers.size());
  policy_.emplace(sizes_of(plan), options);
  turn_when_all_are_open_ = std::max<std::chrono::nanoseconds>(policy_->shortest_hysteresis() / kLooksInHysteresis, std::chrono::milliseconds(1));
  counts_ = std::make_unique<Count[]>(tiers_);
  idle_ns_.reserve(plan.workers + spare_workers);
}

/// How many workers were busy since the last look, on average. Those of closed tiers count too: they run in the place of blocked ones, or have still to
/// end a job whose like will come to those that stay.
double TierWatch::busy_since_last(std::int64_t now_ns) noexcept {
  const std::int64_t elapsed = now_ns - std::exchange(last_ns_, now_ns);
  idle_ns_.resize(pool_.seats_.count());  // within what was reserved
  std::int64_t busy = 0;
  for (unsigned i = 0; i < idle_ns_.size(); ++i) {
    const Worker& worker = pool_.seats_[i];
    const std::int64_t idle = worker.idle_ns_hint(now_ns);
    const std::int64_t was_idle = idle - std::exchange(idle_ns_[i], idle);
    // Who is blocked has no use for a processor.
    if (BlockingWord::is_inside(worker.blocking.look())) continue;
    // The figures are taken one after the other, so they may be a little off.
    busy += elapsed - std::clamp<std::int64_t>(was_idle, 0, elapsed);
  }
  return elapsed > 0 ? static_cast<double>(busy) / static_cast<double>(elapsed) : 0;
}

/// How many jobs have waited since the last look. That some are visible now and were so then says little: where jobs are short it may never be the
/// same ones. But if fewer have begun than there were, some of these wait still, or as many others in their place.
unsigned TierWatch::waiting_since_last() noexcept {
  std::uint64_t begun = 0;
  for (const auto& worker : pool_.seats_) begun += worker->jobs_begun();
  const std::uint64_t has_begun = begun - std::exchange(begun_, begun);
  const std::uint64_t visible = pool_.visible_jobs();
  const std::uint64_t was_visible = std::exchange(visible_, visible);
  if (has_begun >= was_visible) return 0;
  return static_cast<unsigned>(std::min<std::uint64_t>({was_visible - has_begun, visible, ~0U}));
}

void TierWatch::look(Clock::time_point now) noexcept {
  TierSample sample;
  sample.now_ns = std::chrono::nanoseconds(now.time_since_epoch()).count();
  sample.busy = busy_since_last(sample.now_ns);
  sample.waiting = waiting_since_last();
  sample.is_anybody_idle = pool_.idle_.is_anybody_idle();
  is_anybody_awake_ = !pool_.idle_.are_all_asleep();
  if (const auto change = policy_->step(sample)) make(*change);
  is_pressing_ = !sample.is_anybody_idle && is_anybody_awake_ && policy_->open() < tiers_;
}

void TierWatch::make(const TierChange& change) noexcept {
  for (unsigned tier = change.open_before; tier < change.open_after; ++tier) counts_[tier].opened.add();
  for (unsigned tier = change.open_after; tier < change.open_before; ++tier) counts_[tier].closed.add();
  pool_.open_workers(change.workers_after);
  if (on_change_) on_change_(change);
}

std::chrono::nanoseconds TierWatch::busy_turn() const noexcept {
  if (!policy_) return kNever;
  return policy_->open() == tiers_ ? turn_when_all_are_open_ : kTurn;
}

std::chrono::nanoseconds TierWatch::idle_turn(Clock::time_point now) const noexcept {
  const auto next = policy_ ? policy_->next_look_ns() : std::nullopt;
  if (!next) return kNever;
  const std::chrono::nanoseconds rest(*next - std::chrono::nanoseconds(now.time_since_epoch()).count());
  return std::max<std::chrono::nanoseconds>(rest, std::chrono::milliseconds(1));
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
