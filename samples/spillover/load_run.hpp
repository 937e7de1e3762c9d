/// @file
/// One run: a thread posts the jobs when they are due, another looks on.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include <weft/weft.hpp>

#include "job_log.hpp"
#include "run_record.hpp"
#include "schedule.hpp"
#include "work.hpp"

namespace spillover {

/// What both runs get.
struct Load {
  LoadProfile profile;
  double rate;  ///< jobs a second that would keep the machine busy
  std::vector<Arrival> schedule;
  Work work;
};

/// A run as it looks while it goes on.
struct Moment {
  const RunRecord& run;  ///< its samples, the last one of now
  RecentLatency latency;
};

struct RunPlan {
  std::string name;
  weft::RuntimeOptions options;
  bool is_traced = false;
};

/// Posts the load to a runtime of its own, and waits for the jobs. A stop request ends it early,
/// and then the jobs that wait do nothing.
///
/// @param show  is called some times a second, by the thread that looks on
/// Errors: those of the constructor of weft::Runtime, and of Runtime::spawn.
[[nodiscard]] RunRecord run_load(const Load& load, const RunPlan& plan, const std::stop_token& stop,
                                 const std::function<void(const Moment&)>& show);

}  // namespace spillover
