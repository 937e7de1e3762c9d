/// @file
/// Plain functions and parallel_invoke. A fork with a variable number of children halves them.
#include <weft/weft.hpp>

#include <cstddef>
#include <tuple>
#include <utility>

#include "fork_join/contender.hpp"

namespace fork_join {
namespace {

using weft::parallel_invoke;

std::uint64_t fibonacci(unsigned n) {
  if (n < 2) return n;
  const auto [a, b] = parallel_invoke([n] { return fibonacci(n - 1); }, [n] { return fibonacci(n - 2); });
  return a + b;
}

std::uint64_t sum(std::uint64_t first, std::uint64_t leaves);

template <std::size_t... kIndex>
std::uint64_t sum_of_parts(std::uint64_t first, std::uint64_t step, std::index_sequence<kIndex...>) {
  const auto parts = parallel_invoke([=] { return sum(first + kIndex * step, step); }...);
  return std::apply([](auto... part) { return (part + ...); }, parts);
}

std::uint64_t sum(std::uint64_t first, std::uint64_t leaves) {
  if (leaves == 1) return first;
  return sum_of_parts(first, leaves / skynet::kChildren, std::make_index_sequence<skynet::kChildren>());
}

/// The sum of part(i) for first <= i < last, which is not empty.
template <class Result, class Part>
Result halve(std::uint32_t first, std::uint32_t last, const Part& part) {
  if (last - first == 1) return part(first);
  const std::uint32_t middle = first + (last - first) / 2;
  auto [left, right] = parallel_invoke([&] { return halve<Result>(first, middle, part); },
                                       [&] { return halve<Result>(middle, last, part); });
  left += right;
  return left;
}

std::uint64_t queens(const nqueens::Board& board, unsigned row, unsigned n) {
  if (row == n) return 1;
  const nqueens::Columns safe = nqueens::safe_columns(board, row, n);
  if (safe.count == 0) return 0;
  return halve<std::uint64_t>(0, safe.count, [&](std::uint32_t i) {
    return queens(nqueens::with_queen(board, row, static_cast<unsigned>(safe.column[i])), row + 1, n);
  });
}

void multiply(const matmul::Product& product) {
  if (product.is_small()) return product.multiply();
  for (std::size_t inner = 0; inner < 2; ++inner) {
    parallel_invoke([&] { multiply(product.part(0, 0, inner)); }, [&] { multiply(product.part(0, 1, inner)); },
                    [&] { multiply(product.part(1, 0, inner)); }, [&] { multiply(product.part(1, 1, inner)); });
  }
}

uts::Tree walk(const uts::Node& node, std::uint32_t depth_limit) {
  const std::uint32_t count = node.child_count(depth_limit);
  uts::Tree tree = tree_of(node, count);
  if (count == 0) return tree;
  tree += halve<uts::Tree>(0, count, [&](std::uint32_t i) { return walk(node.child(i), depth_limit); });
  return tree;
}

class WeftInvoke {
 public:
  static bool is_too_slow_to_repeat(unsigned) { return false; }
  explicit WeftInvoke(unsigned threads) : runtime_({.workers = threads}) {}
  std::uint64_t fib(unsigned n) {
    return runtime_.run([n] { return fibonacci(n); });
  }
  std::uint64_t skynet(std::uint64_t leaves) {
    return runtime_.run([leaves] { return sum(0, leaves); });
  }
  std::uint64_t nqueens(unsigned n) {
    return runtime_.run([n] { return queens({}, 0, n); });
  }
  void matmul(const matmul::Product& product) {
    runtime_.run([&product] { multiply(product); });
  }
  uts::Tree uts(std::uint32_t depth_limit) {
    return runtime_.run([depth_limit] { return walk(uts::root(), depth_limit); });
  }

 private:
  weft::Runtime runtime_;
};

[[maybe_unused]] const bool added = add_contender<WeftInvoke>("weft-invoke", {1, 2});

}  // namespace
}  // namespace fork_join
