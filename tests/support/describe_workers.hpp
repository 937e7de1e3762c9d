/// @file
/// What the workers of a runtime have done, for the report of a watchdog.
#pragma once

#include <weft/rt/runtime.hpp>

#include <sstream>
#include <string>

namespace weft_test {

inline std::string describe_workers(const weft::Runtime& rt) {
  std::ostringstream text;
  const weft::RuntimeStats stats = rt.stats();
  for (std::size_t i = 0; i < stats.workers.size(); ++i) {
    const weft::WorkerStats& worker = stats.workers[i];
    text << "  worker " << i << ": jobs " << worker.jobs << ", steals " << worker.steals << " and " << worker.steals_failed
         << " lost, parks " << worker.parks << ", idle " << worker.idle.count() << " of " << stats.age.count() << " ns\n";
  }
  return text.str();
}

}  // namespace weft_test
