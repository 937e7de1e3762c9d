// Work that is sent to the arena of a node runs there, and its memory lies there.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "machine_here.hpp"
#include "on_each_worker.hpp"
#include "pages.hpp"

#include <sched.h>

#include <cstddef>
#include <memory_resource>
#include <set>
#include <vector>

using weft::NumaArena;
using weft::PinningStrategy;
using weft::Runtime;
using weft_test::machine_here;

namespace {

int node_here() { return machine_here().node_of_processor(static_cast<unsigned>(::sched_getcpu())); }

}  // namespace

TEST_CASE("each node with processors has an arena, and the first work of a runtime runs on the node that it was sent to") {
  std::set<int> nodes;
  for (const weft::Topology::Core& core : machine_here().topology.cores) {
    nodes.insert(static_cast<int>(machine_here().topology.nodes[core.node].os_index));
  }
  REQUIRE(Runtime(weft_test::bound(PinningStrategy::AvoidSMT, 0)).arena_count() == nodes.size());
  for (unsigned arena = 0; arena < nodes.size(); ++arena) {
    CAPTURE(arena);
    Runtime rt(weft_test::bound(PinningStrategy::AvoidSMT, 0));
    const int node = static_cast<int>(rt.arena(arena).node().value());
    CHECK(nodes.count(node) == 1);
    // Nobody is awake yet who could have taken it.
    CHECK(weft::spawn(weft::on(rt.arena(arena)), [] { return node_here(); }).wait() == node);
  }
}

TEST_CASE("what each arena fills in its own memory lies on its node") {
  Runtime rt(weft_test::bound(PinningStrategy::AvoidSMT, 0));
  std::vector<std::pmr::vector<std::byte>> columns;
  for (unsigned i = 0; i < rt.arena_count(); ++i) columns.emplace_back(rt.arena(i).resource());
  rt.run(NumaArena::for_each_node([&](NumaArena& arena) { columns[arena.index()].assign(300'000, std::byte{1}); }));
  for (unsigned i = 0; i < rt.arena_count(); ++i) {
    CAPTURE(i);
    if (rt.arena_count() > 1) {
      CHECK(weft_test::nodes_of(columns[i].data(), columns[i].size()) == std::set<int>{static_cast<int>(rt.arena(i).node().value())});
    }
    CHECK(rt.arena(i).is_bound() == rt.arena_count() > 1);
    CHECK(rt.arena(i).remote_share().value_or(0) < 0.05);
  }
}
