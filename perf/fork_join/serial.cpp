/// @file
/// Plain recursion: what the work costs with nobody to share it. fib and skynet measure how far the compiler inlines.
#include "fork_join/contender.hpp"

namespace fork_join {
namespace {

std::uint64_t fibonacci(unsigned n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

std::uint64_t sum(std::uint64_t first, std::uint64_t leaves) {
  if (leaves == 1) return first;
  const std::uint64_t step = leaves / skynet::kChildren;
  std::uint64_t total = 0;
  for (unsigned i = 0; i < skynet::kChildren; ++i) total += sum(first + i * step, step);
  return total;
}

std::uint64_t queens(const nqueens::Board& board, unsigned row, unsigned n) {
  if (row == n) return 1;
  std::uint64_t solutions = 0;
  for (unsigned column = 0; column < n; ++column) {
    if (nqueens::is_safe(board, row, column)) solutions += queens(nqueens::with_queen(board, row, column), row + 1, n);
  }
  return solutions;
}

void multiply(const matmul::Product& product) {
  if (product.is_small()) return product.multiply();
  for (const unsigned inner : {0U, 1U}) {
    for (const unsigned row : {0U, 1U}) {
      for (const unsigned column : {0U, 1U}) multiply(product.part(row, column, inner));
    }
  }
}

uts::Tree walk(const uts::Node& node, std::uint32_t depth_limit) {
  const std::uint32_t children = node.child_count(depth_limit);
  uts::Tree tree = tree_of(node, children);
  for (std::uint32_t i = 0; i < children; ++i) tree += walk(node.child(i), depth_limit);
  return tree;
}

class Serial {
 public:
  static bool is_too_slow_to_repeat(unsigned) { return false; }
  explicit Serial(unsigned) {}
  std::uint64_t fib(unsigned n) { return fibonacci(n); }
  std::uint64_t skynet(std::uint64_t leaves) { return sum(0, leaves); }
  std::uint64_t nqueens(unsigned n) { return queens({}, 0, n); }
  void matmul(const matmul::Product& product) { multiply(product); }
  uts::Tree uts(std::uint32_t depth_limit) { return walk(uts::root(), depth_limit); }
};

[[maybe_unused]] const bool added = add_contender<Serial>("serial", {1});

}  // namespace
}  // namespace fork_join
