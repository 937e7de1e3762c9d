#include "job_log.hpp"

#include <algorithm>

#include "run_record.hpp"

namespace spillover {

void JobLog::note_end(std::size_t job, std::int64_t now_ns, bool is_right) noexcept {
  const std::int64_t latency = std::max<std::int64_t>(now_ns - schedule_[job].due.count(), 1);
  // relaxed: see note_posted().
  latencies_ns_[job].store(latency, std::memory_order_relaxed);
  if (!is_right) wrong_.fetch_add(1, std::memory_order_relaxed);
}

RecentLatency JobLog::recent(std::int64_t now_ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::vector<std::int64_t> latencies;
  bool has_only_old = true;
  const std::size_t end = posted();
  for (std::size_t job = first_recent_; job < end; ++job) {
    // relaxed: see note_posted().
    const std::int64_t latency = latencies_ns_[job].load(std::memory_order_relaxed);
    const bool is_old = latency != 0 && schedule_[job].due.count() + latency < now_ns - kSecond;
    has_only_old = has_only_old && is_old;
    if (has_only_old) first_recent_ = job + 1;
    if (latency != 0 && !is_old) latencies.push_back(latency);
  }
  return {latencies.size(), percentile(latencies, 50), percentile(latencies, 99)};
}

std::vector<std::int64_t> JobLog::latencies_ns() const {
  std::vector<std::int64_t> all;
  all.reserve(latencies_ns_.size());
  // relaxed: see note_posted().
  for (const auto& latency : latencies_ns_) all.push_back(latency.load(std::memory_order_relaxed));
  return all;
}

}  // namespace spillover
