// On which node memory lies. The first cases show that the question is answered, and that the guest's nodes are real; what weft places
// itself comes after them.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "machine_here.hpp"
#include "on_each_worker.hpp"
#include "pages.hpp"

#include <cstddef>
#include <memory>
#include <set>
#include <vector>

using weft::PinningStrategy;
using weft::Runtime;
using weft_test::FreshPages;
using weft_test::kBinding;
using weft_test::kNowhere;
using weft_test::machine_here;

namespace {

constexpr std::size_t kPages = 16;

/// The nodes on which memory of a worker has to lie.
std::vector<std::set<int>> nodes_of_workers(PinningStrategy strategy, unsigned workers) {
  std::vector<std::set<int>> nodes;
  for (const unsigned processor : machine_here().processors(strategy, workers)) nodes.push_back({machine_here().node_of_processor(processor)});
  return nodes;
}

/// All memory of the stack that runs this code.
std::set<int> nodes_of_this_stack() {
  const weft::Fiber& fiber = *weft::current_fiber();
  return weft_test::nodes_of(fiber.stack_begin(), static_cast<std::size_t>(fiber.stack_end() - fiber.stack_begin()));
}

}  // namespace

TEST_CASE("a page that nobody has touched is on no node") {
  const FreshPages pages(kPages);
  CHECK(pages.nodes() == std::set<int>{kNowhere});
}

TEST_CASE("memory that is bound to a node lies there, on nodes without processors too") {
  for (const weft::Topology::Node& node : machine_here().topology.nodes) {
    FreshPages pages(kPages);
    pages.bind_to(node.os_index);
    pages.touch();
    CHECK(pages.nodes() == std::set<int>{static_cast<int>(node.os_index)});
  }
}

TEST_CASE("memory lies on the node of the worker that touches it first") {
  for (const PinningStrategy strategy : kBinding) {
    CAPTURE(weft::name_of(strategy));
    Runtime rt(weft_test::bound(strategy, 0));
    std::vector<std::unique_ptr<FreshPages>> memory;  // mapped here, where nobody is bound
    for (unsigned worker = 0; worker < rt.worker_count(); ++worker) memory.push_back(std::make_unique<FreshPages>(kPages));
    weft_test::in_a_job_of_each_worker(rt, [&](unsigned worker) {
      memory[worker]->touch();
      return true;
    });
    const auto wanted = nodes_of_workers(strategy, rt.worker_count());
    for (unsigned worker = 0; worker < rt.worker_count(); ++worker) {
      CAPTURE(worker);
      CHECK(memory[worker]->nodes() == wanted[worker]);
    }
  }
}

TEST_CASE("a stack that is given its memory beforehand lies on the node of its worker, also when it was used before") {
  // The stacks of one runtime are used by the next, whose workers are on other processors.
  for (const PinningStrategy strategy : kBinding) {
    CAPTURE(weft::name_of(strategy));
    weft::RuntimeOptions options = weft_test::bound(strategy, 0);
    options.fiber_stack_size = std::size_t{128} << 10;
    options.prefault_fiber_stacks = true;
    Runtime rt(options);
    const auto nodes = weft_test::on_a_fiber_of_each_worker(rt, [](unsigned) { return nodes_of_this_stack(); });
    const auto wanted = nodes_of_workers(strategy, rt.worker_count());
    for (unsigned worker = 0; worker < rt.worker_count(); ++worker) {
      CAPTURE(worker);
      REQUIRE(nodes[worker]);
      CHECK(*nodes[worker] == wanted[worker]);
    }
  }
}

TEST_CASE("a stack that is given none has memory where it was touched, on the node of its worker") {
  weft::RuntimeOptions options = weft_test::bound(PinningStrategy::AvoidSMT, 0);
  options.fiber_stack_size = std::size_t{256} << 10;  // a size that no other case uses
  Runtime rt(options);
  const auto nodes = weft_test::on_a_fiber_of_each_worker(rt, [](unsigned) { return nodes_of_this_stack(); });
  auto wanted = nodes_of_workers(PinningStrategy::AvoidSMT, rt.worker_count());
  for (unsigned worker = 0; worker < rt.worker_count(); ++worker) {
    CAPTURE(worker);
    wanted[worker].insert(kNowhere);
    REQUIRE(nodes[worker]);
    CHECK(*nodes[worker] == wanted[worker]);
  }
}
