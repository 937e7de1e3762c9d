/// @file
/// The thread that looks on while a run goes on.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

#include <weft/weft.hpp>

#include "cpu_meter.hpp"
#include "job_log.hpp"
#include "load_run.hpp"
#include "run_record.hpp"

namespace spillover {

/// Takes samples of a runtime, and shows them.
///
/// Threads:  made and stopped by one, which leaves the samples of the record alone meanwhile.
/// Lifetime: all that is passed to it outlives it.
class Onlooker {
 public:
  Onlooker(weft::Runtime& runtime, const CpuMeter& meter, JobLog& log,
           std::chrono::steady_clock::time_point start, RunRecord& record,
           const std::function<void(const Moment&)>& show);
  ~Onlooker() { stop(); }
  Onlooker(const Onlooker&) = delete;
  Onlooker& operator=(const Onlooker&) = delete;

  /// Takes a last sample, shows it and ends the thread.
  void stop();

 private:
  void look_until_stopped(const std::stop_token& stop);
  void show();
  void take_sample(const ThreadClock& own);

  weft::Runtime& runtime_;
  const CpuMeter& meter_;
  JobLog& log_;
  const std::chrono::steady_clock::time_point start_;
  RunRecord& record_;
  const std::function<void(const Moment&)>& show_;
  weft::RuntimeStats last_;
  std::jthread thread_;
};

}  // namespace spillover
