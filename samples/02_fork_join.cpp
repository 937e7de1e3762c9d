// Fork and join: when_all for tasks, parallel_invoke for plain functions.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <span>
#include <vector>

#include <weft/weft.hpp>

using weft::Task;

namespace {

constexpr std::size_t kSmall = 4096;

/// The children borrow the caller's array: they end before co_await returns.
Task<std::uint64_t> sum(std::span<const std::uint32_t> numbers) {
  if (numbers.size() <= kSmall) {
    co_return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
  }
  const std::size_t half = numbers.size() / 2;
  const auto [low, high] =
      co_await weft::when_all(sum(numbers.first(half)), sum(numbers.subspan(half)));
  co_return low + high;
}

/// Any number of children of one type: their results come back in the order in which they were added.
Task<std::uint64_t> sum_of_chunks(std::span<const std::uint32_t> numbers, std::size_t chunks) {
  weft::TaskList<std::uint64_t> parts;
  const std::size_t length = numbers.size() / chunks;
  for (std::size_t i = 0; i < chunks; ++i) parts.add(sum(numbers.subspan(i * length, length)));
  std::uint64_t total = 0;
  for (const std::uint64_t part : co_await weft::when_all(parts)) total += part;
  co_return total;
}

/// Plain functions fork without a coroutine frame. If the second half was stolen, the worker helps
/// the thief with it instead of waiting idly.
void sort(std::span<std::uint32_t> numbers) {
  if (numbers.size() <= kSmall) {
    std::sort(numbers.begin(), numbers.end());
    return;
  }
  const std::size_t half = numbers.size() / 2;
  std::nth_element(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(half),
                   numbers.end());
  weft::parallel_invoke([&] { sort(numbers.first(half)); }, [&] { sort(numbers.subspan(half)); });
}

}  // namespace

int main() {
  std::vector<std::uint32_t> numbers(1 << 20);
  std::uint32_t next = 1;
  for (std::uint32_t& number : numbers) number = next = next * 1664525 + 1013904223;

  weft::Runtime rt;
  const std::uint64_t before = rt.run(sum(numbers));
  rt.run([&] { sort(numbers); });
  const std::uint64_t after = rt.run(sum_of_chunks(numbers, 8));
  const auto [lowest, highest] = rt.run([&] {
    return weft::parallel_invoke([&] { return numbers.front(); }, [&] { return numbers.back(); });
  });
  std::cout << numbers.size() << " numbers from " << lowest << " to " << highest << ", sum "
            << after << '\n';
  return before == after && std::is_sorted(numbers.begin(), numbers.end()) ? 0 : 1;
}
