/// @file
/// OpenMP tasks.
#include <array>
#include <cstddef>
#include <numeric>
#include <type_traits>
#include <vector>

#include "fork_join/contender.hpp"

namespace fork_join {
namespace {

std::uint64_t fibonacci(unsigned n) {
  if (n < 2) return n;
  std::uint64_t a;
  std::uint64_t b;
#pragma omp task shared(a) firstprivate(n)
  a = fibonacci(n - 1);
  b = fibonacci(n - 2);
#pragma omp taskwait
  return a + b;
}

std::uint64_t sum(std::uint64_t first, std::uint64_t leaves) {
  if (leaves == 1) return first;
  const std::uint64_t step = leaves / skynet::kChildren;
  std::array<std::uint64_t, skynet::kChildren> parts;
  for (unsigned i = 1; i < skynet::kChildren; ++i) {
#pragma omp task shared(parts) firstprivate(first, step, i)
    parts[i] = sum(first + i * step, step);
  }
  parts[0] = sum(first, step);
#pragma omp taskwait
  return std::accumulate(parts.begin(), parts.end(), std::uint64_t{0});
}

std::uint64_t queens(const nqueens::Board& board, unsigned row, unsigned n) {
  if (row == n) return 1;
  const nqueens::Columns safe = nqueens::safe_columns(board, row, n);
  std::array<std::uint64_t, nqueens::kMost> below{};
  for (unsigned i = 0; i < safe.count; ++i) {
#pragma omp task shared(below, board, safe) firstprivate(row, n, i)
    below[i] = queens(nqueens::with_queen(board, row, static_cast<unsigned>(safe.column[i])), row + 1, n);
  }
#pragma omp taskwait
  return std::accumulate(below.begin(), below.begin() + safe.count, std::uint64_t{0});
}

void multiply(const matmul::Product& product) {
  if (product.is_small()) return product.multiply();
  for (std::size_t inner = 0; inner < 2; ++inner) {
    for (std::size_t part = 0; part < 4; ++part) {
#pragma omp task shared(product) firstprivate(inner, part)
      multiply(product.part(part / 2, part % 2, inner));
    }
#pragma omp taskwait
  }
}

uts::Tree walk(const uts::Node& node, std::uint32_t depth_limit) {
  const std::uint32_t count = node.child_count(depth_limit);
  uts::Tree tree = tree_of(node, count);
  std::vector<uts::Tree> children(count);
  for (std::uint32_t i = 0; i < count; ++i) {
#pragma omp task shared(node, children) firstprivate(i, depth_limit)
    children[i] = walk(node.child(i), depth_limit);
  }
#pragma omp taskwait
  for (const uts::Tree& child : children) tree += child;
  return tree;
}

/// Runs `solve` on one thread of a team, the others helping with its tasks.
template <class Solve>
std::invoke_result_t<const Solve&> in_team(int threads, const Solve& solve) {
  std::invoke_result_t<const Solve&> result{};
#pragma omp parallel num_threads(threads) shared(result, solve)
#pragma omp single
  result = solve();
  return result;
}

class OpenMp {
 public:
  static bool is_too_slow_to_repeat(unsigned threads) { return threads > 1; }
  explicit OpenMp(unsigned threads) : threads_(static_cast<int>(threads)) {}
  std::uint64_t fib(unsigned n) {
    return in_team(threads_, [n] { return fibonacci(n); });
  }
  std::uint64_t skynet(std::uint64_t leaves) {
    return in_team(threads_, [leaves] { return sum(0, leaves); });
  }
  std::uint64_t nqueens(unsigned n) {
    return in_team(threads_, [n] { return queens({}, 0, n); });
  }
  void matmul(const matmul::Product& product) {
    in_team(threads_, [&product] {
      multiply(product);
      return 0;
    });
  }
  uts::Tree uts(std::uint32_t depth_limit) {
    return in_team(threads_, [depth_limit] { return walk(uts::root(), depth_limit); });
  }

 private:
  int threads_;
};

[[maybe_unused]] const bool added = add_contender<OpenMp>("openmp", {1, 2});

}  // namespace
}  // namespace fork_join
