/// @file
/// oneTBB: parallel_invoke for two, a task_group for more.
#include <tbb/parallel_invoke.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <array>
#include <cstddef>
#include <numeric>
#include <vector>

#include "fork_join/contender.hpp"

namespace fork_join {
namespace {

std::uint64_t fibonacci(unsigned n) {
  if (n < 2) return n;
  std::uint64_t a;
  std::uint64_t b;
  tbb::parallel_invoke([&] { a = fibonacci(n - 1); }, [&] { b = fibonacci(n - 2); });
  return a + b;
}

std::uint64_t sum(std::uint64_t first, std::uint64_t leaves) {
  if (leaves == 1) return first;
  const std::uint64_t step = leaves / skynet::kChildren;
  std::array<std::uint64_t, skynet::kChildren> parts;
  tbb::task_group group;
  for (unsigned i = 1; i < skynet::kChildren; ++i) {
    group.run([&parts, first, step, i] { parts[i] = sum(first + i * step, step); });
  }
  parts[0] = sum(first, step);
  group.wait();
  return std::accumulate(parts.begin(), parts.end(), std::uint64_t{0});
}

std::uint64_t queens(const nqueens::Board& board, unsigned row, unsigned n) {
  if (row == n) return 1;
  const nqueens::Columns safe = nqueens::safe_columns(board, row, n);
  if (safe.count == 0) return 0;
  std::array<std::uint64_t, nqueens::kMost> below;
  const auto child = [&](unsigned i) {
    below[i] = queens(nqueens::with_queen(board, row, static_cast<unsigned>(safe.column[i])), row + 1, n);
  };
  tbb::task_group group;
  for (unsigned i = 1; i < safe.count; ++i) group.run([&child, i] { child(i); });
  child(0);
  group.wait();
  return std::accumulate(below.begin(), below.begin() + safe.count, std::uint64_t{0});
}

void multiply(const matmul::Product& product) {
  if (product.is_small()) return product.multiply();
  for (std::size_t inner = 0; inner < 2; ++inner) {
    tbb::parallel_invoke([&] { multiply(product.part(0, 0, inner)); }, [&] { multiply(product.part(0, 1, inner)); },
                         [&] { multiply(product.part(1, 0, inner)); }, [&] { multiply(product.part(1, 1, inner)); });
  }
}

uts::Tree walk(const uts::Node& node, std::uint32_t depth_limit) {
  const std::uint32_t count = node.child_count(depth_limit);
  uts::Tree tree = tree_of(node, count);
  if (count == 0) return tree;
  std::vector<uts::Tree> children(count);
  tbb::task_group group;
  for (std::uint32_t i = 1; i < count; ++i) {
    group.run([&, i] { children[i] = walk(node.child(i), depth_limit); });
  }
  children[0] = walk(node.child(0), depth_limit);
  group.wait();
  for (const uts::Tree& child : children) tree += child;
  return tree;
}

class Tbb {
 public:
  static bool is_too_slow_to_repeat(unsigned) { return false; }
  explicit Tbb(unsigned threads) : arena_(static_cast<int>(threads)) {}
  std::uint64_t fib(unsigned n) {
    return arena_.execute([n] { return fibonacci(n); });
  }
  std::uint64_t skynet(std::uint64_t leaves) {
    return arena_.execute([leaves] { return sum(0, leaves); });
  }
  std::uint64_t nqueens(unsigned n) {
    return arena_.execute([n] { return queens({}, 0, n); });
  }
  void matmul(const matmul::Product& product) {
    arena_.execute([&product] { multiply(product); });
  }
  uts::Tree uts(std::uint32_t depth_limit) {
    return arena_.execute([depth_limit] { return walk(uts::root(), depth_limit); });
  }

 private:
  tbb::task_arena arena_;
};

[[maybe_unused]] const bool added = add_contender<Tbb>("tbb", {1, 2});

}  // namespace
}  // namespace fork_join
