/// @file
/// Workers in tiers, and the jobs that they run, in simulated time: what TierPolicy has to do with, without threads.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "sched/tier_policy.hpp"

namespace weft_test {

/// "12 ms: 3 tiers, work waited", a line for each change.
inline std::string text_of(const std::vector<weft::TierChange>& changes) {
  static constexpr const char* kReasons[] = {"work waited", "utilisation", "idle", "asked for"};
  std::ostringstream text;
  for (const weft::TierChange& change : changes) {
    text << std::chrono::duration<double, std::milli>(change.time.time_since_epoch()).count() << " ms: " << change.open_after << " tiers, "
         << kReasons[static_cast<int>(change.reason)] << "\n";
  }
  return text.str();
}

/// Jobs wait in one queue. Workers of open tiers take them, those of the first tier first; those of a closed tier end the job that they have and take
/// no other. The policy gets a sample each millisecond.
class SimulatedTiers {
 public:
  using Time = std::chrono::microseconds;
  static constexpr Time kQuantum{250};

  explicit SimulatedTiers(std::vector<unsigned> workers_of_tiers, const weft::TierOptions& options = {})
      : sizes_(std::move(workers_of_tiers)),
        options_(options),
        policy_(sizes_, options),
        left_of_jobs_(std::accumulate(sizes_.begin(), sizes_.end(), 0u), Time(0)) {}

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] const weft::TierPolicy& policy() const { return policy_; }
  [[nodiscard]] const std::vector<weft::TierChange>& changes() const { return changes_; }
  [[nodiscard]] std::string text() const { return text_of(changes_); }
  [[nodiscard]] unsigned workers() const { return static_cast<unsigned>(left_of_jobs_.size()); }

  /// Those that wait and those that run.
  [[nodiscard]] unsigned jobs() const {
    const auto running = std::count_if(left_of_jobs_.begin(), left_of_jobs_.end(), [](Time left) { return left != Time(0); });
    return static_cast<unsigned>(queue_.size()) + static_cast<unsigned>(running);
  }

  /// How often a job was seen that had waited longer than TierPolicy promises, while a tier was closed and no change was made.
  [[nodiscard]] unsigned starved() const { return starved_; }

  void add_jobs(unsigned count, Time duration) { queue_.insert(queue_.end(), count, Job{now_, duration}); }

  /// Adds what is missing from so many jobs.
  void keep_jobs(unsigned count, Time duration) {
    if (const unsigned there = jobs(); there < count) add_jobs(count - there, duration);
  }

  /// From now on the samples are so far apart.
  void sample_each(Time longest, std::function<Time()> distance) {
    longest_tick_ = longest;
    distance_ = std::move(distance);
  }

  /// @param load  is called for each quantum of time, and adds jobs
  template <class Load>
  void run_until(Time end, Load load) {
    while (now_ < end) {
      load();
      hand_out();
      if (now_ >= next_sample_) {
        take_sample();
        next_sample_ = now_ + distance_();
        hand_out();
      }
      count_starved();
      work();
    }
  }

 private:
  struct Job {
    Time arrival, duration;
  };

  void hand_out() {
    for (unsigned worker = 0; worker < policy_.open_workers() && !queue_.empty(); ++worker) {
      if (left_of_jobs_[worker] != Time(0)) continue;
      left_of_jobs_[worker] = queue_.front().duration;
      queue_.pop_front();
    }
  }

  void take_sample() {
    const auto open = left_of_jobs_.begin() + policy_.open_workers();
    weft::TierSample sample;
    sample.now_ns = std::chrono::nanoseconds(now_).count();
    sample.busy = now_ > sampled_ ? static_cast<double>(busy_.count()) / static_cast<double>((now_ - sampled_).count()) : 0;
    sample.waiting = static_cast<unsigned>(queue_.size());
    sample.is_anybody_idle = std::find(left_of_jobs_.begin(), open, Time(0)) != open;
    busy_ = Time(0);
    sampled_ = now_;
    if (const std::optional<weft::TierChange> change = policy_.step(sample)) changes_.push_back(*change);
  }

  /// How long a job waits at most until the next tier opens. Pre: one is closed.
  [[nodiscard]] Time longest_wait() const {
    std::chrono::nanoseconds spill_delay = options_.spill_delay;
    std::chrono::nanoseconds hysteresis = options_.hysteresis;
    for (const weft::TierOverride& other : options_.overrides) {
      if (other.tier != policy_.open()) continue;
      spill_delay = other.spill_delay.value_or(spill_delay);
      hysteresis = other.hysteresis.value_or(hysteresis);
    }
    return std::chrono::ceil<Time>(std::max(hysteresis + longest_tick_, spill_delay + 2 * longest_tick_));
  }

  void count_starved() {
    if (queue_.empty() || policy_.open() == sizes_.size()) return;
    Time since = queue_.front().arrival;
    if (!changes_.empty()) since = std::max(since, std::chrono::duration_cast<Time>(changes_.back().time.time_since_epoch()));
    if (now_ - since > longest_wait()) ++starved_;
  }

  void work() {
    for (unsigned worker = 0; worker < workers(); ++worker) {
      Time& left = left_of_jobs_[worker];
      if (left == Time(0)) continue;
      if (worker < policy_.open_workers()) busy_ += std::min(left, kQuantum);
      left -= std::min(left, kQuantum);
    }
    now_ += kQuantum;
  }

  std::vector<unsigned> sizes_;
  weft::TierOptions options_;
  weft::TierPolicy policy_;
  std::vector<Time> left_of_jobs_;  // of each worker; zero: it has none
  std::deque<Job> queue_;
  Time now_{0};
  Time sampled_{0};
  Time next_sample_{0};
  Time longest_tick_{1000};
  std::function<Time()> distance_ = [] { return Time(1000); };
  Time busy_{0};  // of all workers of open tiers since the last sample
  unsigned starved_ = 0;
  std::vector<weft::TierChange> changes_;
};

}  // namespace weft_test
