/// @file
/// Coroutines and when_all, as a user of weft writes them.
#include <weft/weft.hpp>

#include <cstddef>
#include <tuple>
#include <utility>

#include "fork_join/contender.hpp"

namespace fork_join {
namespace {

using weft::Task;
using weft::TaskList;
using weft::when_all;

Task<std::uint64_t> fibonacci(unsigned n) {
  if (n < 2) co_return n;
  const auto [a, b] = co_await when_all(fibonacci(n - 1), fibonacci(n - 2));
  co_return a + b;
}

Task<std::uint64_t> sum(std::uint64_t first, std::uint64_t leaves);

template <std::size_t... kIndex>
auto sums(std::uint64_t first, std::uint64_t step, std::index_sequence<kIndex...>) {
  return when_all(sum(first + kIndex * step, step)...);
}

Task<std::uint64_t> sum(std::uint64_t first, std::uint64_t leaves) {
  if (leaves == 1) co_return first;
  const auto parts = co_await sums(first, leaves / skynet::kChildren, std::make_index_sequence<skynet::kChildren>());
  co_return std::apply([](auto... part) { return (part + ...); }, parts);
}

Task<std::uint64_t> queens(nqueens::Board board, unsigned row, unsigned n) {
  if (row == n) co_return 1;
  TaskList<std::uint64_t> children;
  const nqueens::Columns safe = nqueens::safe_columns(board, row, n);
  for (unsigned i = 0; i < safe.count; ++i) {
    children.add(queens(nqueens::with_queen(board, row, static_cast<unsigned>(safe.column[i])), row + 1, n));
  }
  std::uint64_t solutions = 0;
  for (const std::uint64_t below : co_await when_all(children)) solutions += below;
  co_return solutions;
}

Task<> multiply(matmul::Product product) {
  if (product.is_small()) {
    product.multiply();
    co_return;
  }
  for (std::size_t inner = 0; inner < 2; ++inner) {
    co_await when_all(multiply(product.part(0, 0, inner)), multiply(product.part(0, 1, inner)),
                      multiply(product.part(1, 0, inner)), multiply(product.part(1, 1, inner)));
  }
}

Task<uts::Tree> walk(uts::Node node, std::uint32_t depth_limit) {
  const std::uint32_t count = node.child_count(depth_limit);
  uts::Tree tree = tree_of(node, count);
  if (count == 0) co_return tree;
  TaskList<uts::Tree> children;
  for (std::uint32_t i = 0; i < count; ++i) children.add(walk(node.child(i), depth_limit));
  for (const uts::Tree& child : co_await when_all(children)) tree += child;
  co_return tree;
}

class Weft {
 public:
  static bool is_too_slow_to_repeat(unsigned) { return false; }
  explicit Weft(unsigned threads) : runtime_({.workers = threads}) {}
  std::uint64_t fib(unsigned n) { return runtime_.run(fibonacci(n)); }
  std::uint64_t skynet(std::uint64_t leaves) { return runtime_.run(sum(0, leaves)); }
  std::uint64_t nqueens(unsigned n) { return runtime_.run(queens({}, 0, n)); }
  void matmul(const matmul::Product& product) { runtime_.run(multiply(product)); }
  uts::Tree uts(std::uint32_t depth_limit) { return runtime_.run(walk(uts::root(), depth_limit)); }

 private:
  weft::Runtime runtime_;
};

[[maybe_unused]] const bool added = add_contender<Weft>("weft", {1, 2});

}  // namespace
}  // namespace fork_join
