// Data that is spread over the NUMA nodes of the machine, and work that goes to where its data is.
// A machine with one node has one arena: then this is an ordinary program.
#include <cstddef>
#include <iostream>
#include <memory_resource>
#include <numeric>
#include <vector>

#include <weft/weft.hpp>

namespace {

constexpr std::size_t kValues = 4'000'000;
constexpr int kRounds = 10;

using Column = std::pmr::vector<double>;

/// What part of the values a node has.
std::size_t share_of(const weft::Runtime& rt, unsigned arena) {
  return kValues * (arena + 1) / rt.arena_count() - kValues * arena / rt.arena_count();
}

weft::Task<double> compute(weft::Runtime& rt) {
  std::vector<Column> columns;
  for (unsigned i = 0; i < rt.arena_count(); ++i) columns.emplace_back(rt.arena(i).resource());

  // Each column lies on its node, whoever fills it.
  co_await weft::NumaArena::for_each_node([&](weft::NumaArena& arena) { columns[arena.index()].assign(share_of(rt, arena.index()), 1.0); });

  for (int round = 0; round < kRounds; ++round) {
    co_await weft::NumaArena::for_each_node([&](weft::NumaArena& arena) -> weft::Task<> {
      Column& column = columns[arena.index()];
      // Shared by the workers of the node; others help when they have nothing else to do.
      co_await weft::parallel_for(column, [](double& value) { value += 1.0; }, {.arena = &arena});
    });
  }

  double sum = 0;
  for (unsigned i = 0; i < rt.arena_count(); ++i) {
    const weft::NumaArena& arena = rt.arena(i);
    std::cout << "arena " << i << ": " << arena.workers().size() << " workers, " << columns[i].size() << " values";
    if (const auto share = arena.remote_share()) std::cout << ", " << 100 * *share << " % of the memory of node " << *arena.node() << " lies elsewhere";
    std::cout << '\n';
    sum = std::accumulate(columns[i].begin(), columns[i].end(), sum);
  }
  co_return sum;
}

}  // namespace

int main() {
  // Arenas need workers that stay on their nodes.
  weft::Runtime rt{{.pinning = weft::PinningStrategy::AvoidSMT, .pinning_best_effort = true}};
  const double sum = rt.run(compute(rt));
  std::cout << "sum: " << sum << '\n';
  return sum == static_cast<double>(kValues) * (kRounds + 1) ? 0 : 1;
}
