#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <string>

using Catch::Matchers::Contains;
using weft::PinningPlan;
using weft::PinningStrategy;
using weft::Runtime;
using weft::RuntimeOptions;
using weft::Topology;

namespace {

/// The processors of a preset's workers, as the kernel of its machine counts them.
std::string places(const RuntimeOptions& options) {
  const PinningPlan plan = weft::plan_pinning(*options.topology, options.pinning, options.workers);
  std::string text;
  for (const unsigned pu : plan.pus) text.append(" ").append(std::to_string(options.topology->pus[pu].os_index));
  return text;
}

/// Two L3 domains; of the first core only the sibling is allowed.
const char* const kMachine = "l3 32M\ncores 0-1 8-9\nl3 32M\ncores 2-4 10-12\nallowed 1-4,8-12\n";

}  // namespace

TEST_CASE("the presets plan what they promise") {
  const Topology machine = Topology::parse(kMachine);
  CHECK(places(RuntimeOptions::gaming(machine)) == " 8 1 2 3 4");
  CHECK(places(RuntimeOptions::low_latency(machine)) == " 2 3 4");
  CHECK(places(RuntimeOptions::strict_topology(machine)) == " 1 2 3 4 8 9 10 11 12");
  CHECK(places(RuntimeOptions::data_processing(machine)) == " 2 3 4 8 1 10 11 12 9");
  CHECK(RuntimeOptions::throughput().pinning == PinningStrategy::None);
}

TEST_CASE("a quota leaves less to the presets, but not to the strict one") {
  const Topology machine = Topology::parse(std::string(kMachine) + "quota 2\n");
  CHECK(RuntimeOptions::gaming(machine).workers == 2);
  CHECK(RuntimeOptions::low_latency(machine).workers == 2);
  CHECK(RuntimeOptions::data_processing(machine).workers == 2);
  CHECK(RuntimeOptions::strict_topology(machine).workers == 9);
}

TEST_CASE("a runtime with a preset runs jobs on this machine") {
  for (const RuntimeOptions& options : {RuntimeOptions::gaming(), RuntimeOptions::throughput(), RuntimeOptions::data_processing(),
                                        RuntimeOptions::low_latency(), RuntimeOptions::strict_topology()}) {
    Runtime rt{options};
    CHECK(rt.worker_count() >= 1);
    CHECK(rt.run([] { return 7; }) == 7);
  }
}

TEST_CASE("a preset for a machine without an allowed processor is refused") {
  Topology machine = Topology::parse("core:2");
  for (Topology::Pu& pu : machine.pus) pu.is_allowed = false;
  CHECK_THROWS_WITH(RuntimeOptions::gaming(machine), Contains("no processor that is allowed"));
}
