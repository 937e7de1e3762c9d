// Where the workers of a runtime run.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "machine_here.hpp"
#include "on_each_worker.hpp"

#include "topo/cpu_list.hpp"

#include <sched.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

using weft::PinningPlan;
using weft::PinningStrategy;
using weft::Runtime;
using weft::Topology;
using weft_test::machine_here;

namespace {

/// Of the thread that calls it.
struct Place {
  int processor;     // on which it is
  std::string mask;  // those on which it may be
};

Place place_here() {
  Place place{::sched_getcpu(), {}};
  std::ifstream status("/proc/thread-self/status");
  for (std::string word; status >> word;) {
    if (word == "Cpus_allowed_list:") status >> place.mask;
  }
  return place;
}

void check_binding(PinningStrategy strategy) {
  const Topology machine = Topology::detect();
  for (const unsigned workers : {1U, machine.allowed_pus(), machine.allowed_pus() + 1}) {
    CAPTURE(workers);
    const std::vector<unsigned> wanted = machine_here().processors(strategy, workers);
    const PinningPlan plan = weft::plan_pinning(machine, strategy, workers);
    Runtime rt(weft_test::bound(strategy, workers));
    const auto places = weft_test::in_a_job_of_each_worker(rt, [](unsigned) { return place_here(); });
    const weft::RuntimeStats stats = rt.stats();
    for (unsigned worker = 0; worker < workers; ++worker) {
      CAPTURE(worker);
      CHECK(machine.pus[plan.pus[worker]].os_index == wanted[worker]);
      REQUIRE(places[worker]);
      CHECK(places[worker]->processor == static_cast<int>(wanted[worker]));
      CHECK(places[worker]->mask == std::to_string(wanted[worker]));
      REQUIRE(stats.workers[worker].processor);
      CHECK(*stats.workers[worker].processor == wanted[worker]);
    }
  }
}

}  // namespace

TEST_CASE("each worker of Linear is on its processor, and on no other") { check_binding(PinningStrategy::Linear); }
TEST_CASE("each worker of AvoidSMT is on its processor, and on no other") { check_binding(PinningStrategy::AvoidSMT); }
TEST_CASE("each worker of CCDIsolation is on its processor, and on no other") { check_binding(PinningStrategy::CCDIsolation); }
TEST_CASE("each worker of TieredSpillover is on its processor, and on no other") { check_binding(PinningStrategy::TieredSpillover); }

TEST_CASE("a worker of None may be on every processor") {
  Runtime rt(weft_test::bound(PinningStrategy::None, 0));
  const std::string everywhere = weft::format_cpu_list(weft::allowed_cpus());
  CHECK(rt.worker_count() == machine_here().topology.pus.size());
  for (const auto& place : weft_test::in_a_job_of_each_worker(rt, [](unsigned) { return place_here(); })) {
    REQUIRE(place);
    CHECK(place->mask == everywhere);
  }
  for (const weft::WorkerStats& worker : rt.stats().workers) CHECK(worker.processor == std::nullopt);
}
