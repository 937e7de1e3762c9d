// Limits of the process that change while a runtime runs.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/skip.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>
#include <variant>
#include <vector>

using weft::Counter;
using weft::PinningStrategy;
using weft::Runtime;

namespace {

/// As `taskset -a -p` does from outside: of all threads that there are.
void set_affinity_of_all_threads(const std::vector<unsigned>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const unsigned cpu : cpus) CPU_SET(cpu, &set);
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    static_cast<void>(::sched_setaffinity(std::stoi(thread.path().filename().string()), sizeof set, &set));  // it may have ended
  }
}

/// Keeps all workers busy with short jobs, as long as it lives.
class Flood {
 public:
  explicit Flood(Runtime& rt) {
    for (unsigned i = 0; i < 4 * rt.worker_count(); ++i) rt.spawn(Chain{*this}, jobs_);
  }
  ~Flood() {
    stops_.store(true);
    jobs_.wait();
  }

 private:
  struct Chain {
    Flood& flood;
    void operator()() const {
      if (!flood.stops_.load()) weft::spawn(*this, flood.jobs_);
    }
  };
  std::atomic<bool> stops_{false};
  Counter jobs_;
};

/// How many of the workers run jobs at the same time, as far as is seen in some samples.
unsigned seen_running(Runtime& rt) {
  unsigned most = 0;
  for (int sample = 0; sample < 60; ++sample) {
    const auto before = rt.stats().workers;
    std::this_thread::yield();
    const auto after = rt.stats().workers;
    unsigned running = 0;
    for (unsigned i = 0; i < rt.worker_count(); ++i) running += after[i].jobs != before[i].jobs ? 1 : 0;
    most = std::max(most, running);
  }
  return most;
}

}  // namespace

TEST_CASE("workers rest when the process loses processors, and are back when it gets them back") {
  const std::vector<unsigned> all = weft::allowed_cpus();
  if (weft::cpu_limits().workers() < 2) return weft_test::skip("needs two processors");
  for (const PinningStrategy pinning : {PinningStrategy::None, PinningStrategy::Linear, PinningStrategy::TieredSpillover}) {
    constexpr unsigned kWorkers = 2;  // on a machine that others use as well more are seldom seen at once
    weft::RuntimeOptions options{.workers = kWorkers, .pinning = pinning};
    if (pinning == PinningStrategy::TieredSpillover) options.topology = weft::Topology::parse("l3:2");
    Runtime rt{options};
    const Flood flood(rt);
    while (seen_running(rt) != kWorkers) {
    }
    rt.start_trace();
    set_affinity_of_all_threads({all[0]});
    while (rt.stats().worker_limit != 1) std::this_thread::yield();
    while (seen_running(rt) != 1) {
    }
    set_affinity_of_all_threads(all);
    while (rt.stats().worker_limit != kWorkers) std::this_thread::yield();
    while (seen_running(rt) != kWorkers) {
    }
    std::vector<unsigned> limits;
    for (const weft::TraceEvent& event : rt.stop_trace().events) {
      if (const auto* change = std::get_if<weft::WorkerLimitChange>(&event)) limits.insert(limits.end(), {change->before, change->after});
    }
    CHECK(limits == std::vector<unsigned>{kWorkers, 1, 1, kWorkers});
    if (pinning != PinningStrategy::Linear) continue;
    for (unsigned i = 0; i < kWorkers; ++i) CHECK(rt.stats().workers[i].processor == all[i]);
  }
}

TEST_CASE("a worker is bound to its processor no longer than the process has it, also when the process gets another for it") {
  const std::vector<unsigned> all = weft::allowed_cpus();
  if (all.size() < 2) return weft_test::skip("needs two processors");
  set_affinity_of_all_threads({all[0]});
  {
    Runtime rt{{.workers = 1, .pinning = PinningStrategy::Linear, .pinning_best_effort = true}};
    // Again and again: a thread of the runtime that begins takes the mask that there was when the runtime was made.
    const auto processor_in = [&rt](unsigned cpu) {
      set_affinity_of_all_threads({cpu});
      Counter jobs;
      rt.spawn([] {}, jobs);
      jobs.wait();
      return rt.stats().workers[0].processor;
    };
    while (processor_in(all[0]) != all[0]) {
    }
    while (processor_in(all[1])) {
    }
    while (processor_in(all[0]) != all[0]) {
    }
    CHECK(rt.stats().worker_limit == 1);
  }
  set_affinity_of_all_threads(all);
}
