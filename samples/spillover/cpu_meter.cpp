#include "cpu_meter.hpp"

#include <pthread.h>

#include <algorithm>

namespace spillover {
namespace {

double seconds_of(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

ThreadClock::ThreadClock() { pthread_getcpuclockid(pthread_self(), &clock_); }

double ThreadClock::seconds() const { return seconds_of(clock_); }

CpuMeter::CpuMeter()
    : generator_start_(generator_.seconds()),
      process_start_(seconds_of(CLOCK_PROCESS_CPUTIME_ID)) {}

double CpuMeter::seconds(double onlooker_seconds) const {
  const double process = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - process_start_;
  return std::max(process - generator_seconds() - onlooker_seconds, 0.0);
}

}  // namespace spillover
