#include "sched/tier_policy.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/refuse.hpp"

namespace weft::inline v0 {

namespace {

constexpr double kHysteresisInTaus = 10;
constexpr double kLongestTauNs = 5e6;

/// The options as they are for one tier.
TierOptions options_of(const TierOptions& options, std::size_t tier, std::optional<TierKind> kind = {}) {
  TierOptions own;
  own.threshold = options.threshold;
  own.lower_threshold = options.lower_threshold;
  own.spill_delay = options.spill_delay;
  own.hysteresis = options.hysteresis;
  const auto take = [&own](const TierOverride& other) {
    own.threshold = other.threshold.value_or(own.threshold);
    own.lower_threshold = other.lower_threshold.value_or(own.lower_threshold);
    own.spill_delay = other.spill_delay.value_or(own.spill_delay);
    own.hysteresis = other.hysteresis.value_or(own.hysteresis);
  };
  for (const TierOverride& other : options.overrides) {
    if (other.kind && other.kind == kind) take(other);
  }
  for (const TierOverride& other : options.overrides) {
    if (!other.kind && other.tier == tier) take(other);
  }
  return own;
}

/// @param where  what stands before the name of a member in the message
void validate_values(const std::string& where, const TierOptions& values) {
  for (const auto& [member, share] : {std::pair{"threshold", values.threshold}, std::pair{"lower_threshold", values.lower_threshold}}) {
    // So written that it is true for what is not a number, too.
    if (!(share > 0 && share <= 1)) refuse(where, member, " is ", share, "; it is a share of workers, above 0 and at most 1");
  }
  if (values.lower_threshold >= values.threshold) {
    refuse(where, "lower_threshold is ", values.lower_threshold, " and threshold is ", values.threshold,
           ", so that a load between them would open and close a tier without end; the lower one has to be below");
  }
  if (values.spill_delay.count() < 0) {
    refuse(where, "spill_delay is ", values.spill_delay.count(), " ns; it cannot be negative, and zero opens a tier at once");
  }
  if (values.hysteresis.count() <= 0) {
    refuse(where, "hysteresis is ", values.hysteresis.count(), " ns; without one tiers would change at each look, so it has to be more than zero");
  }
}

std::string place_of(std::size_t index) { return "TierOptions::overrides[" + std::to_string(index) + "]"; }

std::string tier_of(const TierOverride& override) {
  return override.kind ? "the kind \"" + std::string(name_of(*override.kind)) + "\"" : "tier " + std::to_string(override.tier);
}

void validate_override(const TierOptions& options, std::size_t index) {
  const TierOverride& own = options.overrides[index];
  const std::string place = place_of(index);
  if (own.kind && own.tier != 0) refuse(place, " is for ", tier_of(own), " and for tier ", own.tier, "; it can be for one of them");
  if (own.kind == TierKind::All || own.kind == TierKind::HomeDomain) refuse(place, " is for ", tier_of(own), ", which is always open");
  if (!own.kind && own.tier == 0) refuse(place, " is for tier 0, which is always open; the first that opens is tier 1");
  for (std::size_t i = 0; i < index; ++i) {
    const TierOverride& other = options.overrides[i];
    if (other.kind == own.kind && other.tier == own.tier) {
      refuse(place, " is for ", tier_of(own), ", as is overrides[", i, "]; put both into one");
    }
  }
  // What it leaves as it is counts, too: a threshold of its own may be below the lower one of all.
  validate_values("for " + tier_of(own) + " (" + place + "), ", options_of(options, own.tier, own.kind));
  if (own.kind) return;
  // On some machine the tier of this number may be of any kind.
  for (std::size_t i = 0; i < options.overrides.size(); ++i) {
    const TierOverride& other = options.overrides[i];
    if (!other.kind) continue;
    validate_values("for " + tier_of(own) + " (" + place + "), where it is of " + tier_of(other) + " (" + place_of(i) + "), ",
                    options_of(options, own.tier, other.kind));
  }
}

/// Begins or ends a time in which something holds.
///
/// @param begin  says when it began to hold, if it holds now and did not at the last sample
template <class Begin>
void keep(std::optional<std::int64_t>& since, bool holds, Begin begin) noexcept {
  if (!holds) {
    since.reset();
  } else if (!since) {
    since = begin();
  }
}

bool has_lasted(const std::optional<std::int64_t>& since, std::int64_t now_ns, std::int64_t duration_ns) noexcept {
  return since && now_ns - *since >= duration_ns;
}

}  // namespace

void validate(const TierOptions& options) {
  validate_values("TierOptions::", options_of(options, 0));
  for (std::size_t i = 0; i < options.overrides.size(); ++i) validate_override(options, i);
}

TierPolicy::TierPolicy(const std::vector<unsigned>& workers_of_tiers, const TierOptions& options, const std::vector<TierKind>& kinds) {
  tiers_.reserve(workers_of_tiers.size());
  unsigned below = 0;
  for (const unsigned workers : workers_of_tiers) {
    const std::size_t tier = tiers_.size();
    const TierOptions own = options_of(options, tier, tier < kinds.size() ? std::optional(kinds[tier]) : std::nullopt);
    // An average comes near to the number of all workers and does not reach it; for whoever asks for that, no average is enough.
    const double opens_at = own.threshold < 1 ? own.threshold * below : std::numeric_limits<double>::infinity();
    tiers_.push_back({workers, below, opens_at, own.lower_threshold * below, own.spill_delay.count(), own.hysteresis.count()});
    if (below != 0) shortest_hysteresis_ = std::min(shortest_hysteresis_, own.hysteresis);
    below += workers;
  }
  tau_ns_ = std::min(kLongestTauNs, static_cast<double>(shortest_hysteresis_.count()) / kHysteresisInTaus);
}

std::optional<TierChange> TierPolicy::step(const TierSample& sample) noexcept {
  const std::int64_t now = sample.now_ns;
  if (last_ns_ && now <= *last_ns_) return std::nullopt;
  least_open_ = std::clamp(sample.least_open, 1U, static_cast<unsigned>(tiers_.size()));
  // Guests and workers that are just ending may be counted as well, and are no load that another tier would take.
  const double busy = sample.busy > 0 ? std::min(sample.busy, static_cast<double>(open_workers())) : 0;
  const std::int64_t last = last_ns_.value_or(now);
  const auto elapsed = static_cast<double>(now - last);
  const double average = average_ + (busy - average_) * (elapsed / (elapsed + tau_ns_));
  const bool has_work_waiting = sample.waiting != 0 && !sample.is_anybody_idle;

  keep(waiting_since_, has_work_waiting, [&] { return now; });
  if (has_next()) {
    const double limit = tiers_[open_].opens_at;
    keep(high_since_, average >= limit, [&] { return average_ >= limit ? last : passed_at(last, limit, busy, now); });
  }
  if (open_ > 1) {
    const double limit = tiers_[open_ - 1].closes_at;
    const bool is_low = open_ > least_open_ && average <= limit && !has_work_waiting;
    keep(low_since_, is_low, [&] { return average_ <= limit ? last : passed_at(last, limit, busy, now); });
  }
  last_ns_ = now;
  average_ = average;

  if (open_ < least_open_) return change_to(least_open_, TierReason::Asked, now);
  if (const unsigned open = open_after_waiting(now, sample.waiting); open != open_) return change_to(open, TierReason::WorkWaited, now);
  if (has_next() && has_rested(tiers_[open_], now) && has_lasted(high_since_, now, tiers_[open_].spill_delay_ns)) {
    return change_to(open_ + 1, TierReason::HighLoad, now);
  }
  // The window is not older than the last change, so it is also the pause after that.
  if (has_lasted(low_since_, now, tiers_[open_ - 1].hysteresis_ns)) return change_to(open_ - 1, TierReason::LowLoad, now);
  return std::nullopt;
}

std::optional<std::int64_t> TierPolicy::next_look_ns() const noexcept {
  if (open_ <= least_open_ || !last_ns_) return std::nullopt;
  const Tier& tier = tiers_[open_ - 1];
  constexpr std::int64_t kForEver = std::numeric_limits<std::int64_t>::max();
  const std::int64_t since = low_since_ ? *low_since_ : average_ <= tier.closes_at ? *last_ns_ : passed_at(*last_ns_, tier.closes_at, 0, kForEver);
  if (since > kForEver - tier.hysteresis_ns) return std::nullopt;
  return since + tier.hysteresis_ns;
}

/// How many tiers are to be open because of the jobs that wait.
unsigned TierPolicy::open_after_waiting(std::int64_t now_ns, unsigned waiting) const noexcept {
  unsigned open = open_;
  while (waiting != 0 && open < tiers_.size() && has_rested(tiers_[open], now_ns) &&
         has_lasted(waiting_since_, now_ns, tiers_[open].spill_delay_ns)) {
    waiting -= std::min(waiting, tiers_[open].workers);
    ++open;
  }
  return open;
}

bool TierPolicy::has_rested(const Tier& tier, std::int64_t now_ns) const noexcept {
  return !changed_ns_ || now_ns - *changed_ns_ >= tier.hysteresis_ns;
}

/// When the average passes a limit on its way from the last sample to `busy`, but not after `latest_ns`: the formula of step(), solved for the time.
std::int64_t TierPolicy::passed_at(std::int64_t last_ns, double limit, double busy, std::int64_t latest_ns) const noexcept {
  const double duration = std::ceil(tau_ns_ * (average_ - limit) / (limit - busy));
  // Rounding may have it reach a limit that it only approaches.
  if (!(duration >= 0)) return latest_ns;
  return duration < static_cast<double>(latest_ns - last_ns) ? last_ns + static_cast<std::int64_t>(duration) : latest_ns;
}

TierChange TierPolicy::change_to(unsigned open, TierReason reason, std::int64_t now_ns) noexcept {
  const auto time = std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::nanoseconds(now_ns));
  const TierChange change{open_, open, workers_of(open_), workers_of(open), reason, std::chrono::steady_clock::time_point(time)};
  open_ = open;
  changed_ns_ = now_ns;
  // What was seen was seen of other tiers.
  waiting_since_.reset();
  high_since_.reset();
  low_since_.reset();
  return change;
}

}  // namespace weft::inline v0
