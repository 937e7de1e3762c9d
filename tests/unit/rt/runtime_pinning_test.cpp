// Where the threads of a runtime run. What the strategies plan is tested in tests/unit/topo.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/own_threads.hpp"

#include <filesystem>
#include <fstream>
#include <latch>
#include <map>
#include <optional>
#include <string>
#include <vector>

using weft::allowed_cpus;
using weft::Counter;
using weft::LimitError;
using weft::PinningPlan;
using weft::PinningStrategy;
using weft::Runtime;
using weft::RuntimeOptions;
using weft::Topology;

namespace {

constexpr PinningStrategy kBinding[] = {PinningStrategy::Linear, PinningStrategy::AvoidSMT, PinningStrategy::CCDIsolation,
                                        PinningStrategy::TieredSpillover};

/// The masks of all workers, each of which runs one job: how often each was seen.
std::map<std::vector<unsigned>, unsigned> masks_of_workers(Runtime& rt) {
  const unsigned count = rt.worker_count();
  std::vector<std::vector<unsigned>> masks(count);
  std::latch all_run(count);
  Counter jobs;
  for (unsigned i = 0; i < count; ++i) {
    rt.spawn(
        [&, i] {
          masks[i] = allowed_cpus();
          all_run.arrive_and_wait();  // so no worker runs two
        },
        jobs);
  }
  jobs.wait();
  std::map<std::vector<unsigned>, unsigned> seen;
  for (const std::vector<unsigned>& mask : masks) ++seen[mask];
  return seen;
}

/// The masks that a plan for this machine asks for.
std::map<std::vector<unsigned>, unsigned> masks_of(const Topology& machine, const PinningPlan& plan) {
  std::map<std::vector<unsigned>, unsigned> wanted;
  for (const unsigned pu : plan.pus) ++wanted[{machine.pus[pu].os_index}];
  return wanted;
}

/// A processor that no machine has, for whoever believes it.
Topology machine_with_a_processor_too_many() {
  Topology machine = Topology::detect();
  machine.cores.push_back(machine.cores.back());
  machine.pus.push_back({4095, static_cast<unsigned>(machine.cores.size() - 1), true});
  return machine;
}

/// "0-3", as the kernel says of a thread.
std::string mask_of_thread(const std::filesystem::path& thread) {
  std::ifstream file(thread / "status");
  for (std::string word; file >> word;) {
    if (word != "Cpus_allowed_list:") continue;
    file >> word;
    return word;
  }
  return "unknown";
}

}  // namespace

TEST_CASE("each worker runs where the plan of its strategy says") {
  const Topology machine = Topology::detect();
  for (const PinningStrategy strategy : kBinding) {
    for (const unsigned workers : {1U, machine.allowed_pus(), machine.allowed_pus() + 1}) {
      CAPTURE(weft::name_of(strategy), workers);
      Runtime rt{{.workers = workers, .pinning = strategy, .report_blocking_after = {}}};
      const PinningPlan plan = weft::plan_pinning(machine, strategy, workers);
      CHECK(masks_of_workers(rt) == masks_of(machine, plan));
      const weft::RuntimeStats stats = rt.stats();
      for (unsigned i = 0; i < workers; ++i) CHECK(stats.workers[i].processor == machine.pus[plan.pus[i]].os_index);
    }
  }
}

TEST_CASE("without a strategy nobody is bound") {
  Runtime rt{{.workers = 2, .report_blocking_after = {}}};
  CHECK(masks_of_workers(rt) == std::map<std::vector<unsigned>, unsigned>{{allowed_cpus(), 2}});
  CHECK(rt.stats().workers[0].processor == std::nullopt);
}

TEST_CASE("the thread that makes a runtime, and one inside run, keep their masks") {
  const std::vector<unsigned> before = allowed_cpus();
  Runtime rt{{.pinning = PinningStrategy::Linear}};
  CHECK(allowed_cpus() == before);
  CHECK(rt.run([] { return allowed_cpus(); }) == before);
}

TEST_CASE("who runs jobs in the place of a blocked worker may run everywhere, and so may the watcher") {
  // Without reports the watcher is started by the first marked call: by a worker, whose mask it begins with.
  Runtime rt{{.workers = 1, .pinning = PinningStrategy::Linear, .report_blocking_after = {}}};
  const std::string everywhere = mask_of_thread("/proc/thread-self");
  std::latch gate(1);
  Counter blocked, other;
  std::string watcher;
  rt.spawn(
      [&] {
        const weft::BlockingSection section;
        gate.wait();
      },
      blocked);
  std::vector<unsigned> in_its_place;
  rt.spawn(
      [&] {
        in_its_place = allowed_cpus();
        watcher = mask_of_thread(weft_test::threads_called("watch/").at(0));
        gate.count_down();
      },
      other);
  other.wait();
  blocked.wait();
  CHECK(in_its_place == allowed_cpus());
  CHECK(watcher == everywhere);
}

TEST_CASE("a processor that the kernel does not have is named") {
  RuntimeOptions options{.pinning = PinningStrategy::Linear, .topology = machine_with_a_processor_too_many()};
  CHECK_THROWS_MATCHES(Runtime(options), LimitError, Catch::Matchers::Message(
      "weft: PinningStrategy::Linear binds workers to processors, and the kernel refuses 4095 (offline, or not in the cpuset of the process); "
      "use PinningStrategy::None, or set RuntimeOptions::pinning_best_effort to go on without"));
}

TEST_CASE("with best effort the workers of such a processor are not bound, and the others are") {
  const std::vector<unsigned> allowed = allowed_cpus();
  Runtime rt{{.pinning = PinningStrategy::Linear, .pinning_best_effort = true, .topology = machine_with_a_processor_too_many()}};
  REQUIRE(rt.worker_count() == allowed.size() + 1);
  std::map<std::vector<unsigned>, unsigned> wanted;
  for (const unsigned cpu : allowed) ++wanted[{cpu}];
  ++wanted[allowed];
  CHECK(masks_of_workers(rt) == wanted);
}

TEST_CASE("the processors of another machine are mapped to those that there are") {
  const std::vector<unsigned> allowed = allowed_cpus();
  Runtime rt{{.pinning = PinningStrategy::TieredSpillover, .topology = Topology::parse("l3:2 core:2 pu:2")}};
  REQUIRE(rt.worker_count() == 8);
  std::map<std::vector<unsigned>, unsigned> wanted;
  for (unsigned pu = 0; pu < 8; ++pu) ++wanted[{allowed[pu % allowed.size()]}];
  CHECK(masks_of_workers(rt) == wanted);
}

TEST_CASE("a machine without an allowed processor is refused") {
  Topology machine = Topology::parse("core:2");
  for (Topology::Pu& pu : machine.pus) pu.is_allowed = false;
  CHECK_THROWS_AS(Runtime({.topology = machine}), weft::UsageError);
}

TEST_CASE("a machine that contradicts itself is refused with the element that is wrong, whether it would be planned for or not") {
  Topology machine = Topology::parse("core:2");
  machine.pus[1].core = 2;
  for (const PinningStrategy pinning : {PinningStrategy::None, PinningStrategy::AvoidSMT, PinningStrategy::TieredSpillover}) {
    CHECK_THROWS_WITH(Runtime({.pinning = pinning, .topology = machine}), Catch::Contains("Topology::pus[1].core is 2"));
  }
  CHECK_THROWS_WITH(weft::RuntimeOptions::data_processing(machine), Catch::Contains("Topology::pus[1].core is 2"));
}

TEST_CASE("a runtime says by which plan it works, and for which machine") {
  const Topology machine = Topology::parse("l3:2 core:2 pu:2");
  const Runtime tiered{{.workers = 5, .pinning = PinningStrategy::TieredSpillover, .pinning_best_effort = true, .topology = machine}};
  CHECK(tiered.plan() == weft::plan_pinning(machine, PinningStrategy::TieredSpillover, 5));
  CHECK(tiered.topology() == machine);
  const Runtime here{{.workers = 1, .pinning = PinningStrategy::Linear, .pinning_best_effort = true}};
  CHECK(here.topology().is_this_machine);
  CHECK(here.plan().pus.size() == 1);
  const Runtime free{{.workers = 3}};
  CHECK(free.plan() == weft::plan_pinning(machine, PinningStrategy::None, 3));
  CHECK(free.topology().pus.empty());
}
