#include "topo/cpu_list.hpp"

#include <algorithm>
#include <charconv>

namespace weft::inline v0 {

namespace {

/// Takes a number off the front.
std::optional<unsigned> take_number(std::string_view& text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > kLargestCpu) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

bool append_range(std::string_view& text, std::vector<unsigned>& numbers) {
  const auto first = take_number(text);
  if (!first) return false;
  std::optional<unsigned> last = first;
  std::optional<unsigned> step = 1;
  if (take(text, '-')) {
    last = take_number(text);
    if (last && take(text, ':')) step = take_number(text);
  }
  if (!last || !step || *step == 0 || *last < *first) return false;
  for (unsigned number = *first; number <= *last; number += *step) numbers.push_back(number);
  return true;
}

bool are_different(std::vector<unsigned> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end();
}

}  // namespace

std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
  std::vector<unsigned> numbers;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  if (text.empty()) return numbers;
  do {
    if (!append_range(text, numbers) || numbers.size() > kLargestCpu + 1UL) return std::nullopt;
  } while (take(text, ','));
  if (!text.empty() || !are_different(numbers)) return std::nullopt;
  return numbers;
}

std::string format_cpu_list(const std::vector<unsigned>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    const unsigned step = end < numbers.size() && numbers[end] > numbers[i] ? numbers[end] - numbers[i] : 0;
    while (step != 0 && end < numbers.size() && numbers[end] == numbers[end - 1] + step) ++end;
    const std::size_t count = end - i;
    if (!text.empty()) text += ',';
    text += std::to_string(numbers[i]);
    if (count > 2 || (count == 2 && step == 1)) {
      text += '-';
      text += std::to_string(numbers[end - 1]);
      if (step != 1) text.append(":").append(std::to_string(step));
      i = end;
    } else {
      ++i;
    }
  }
  return text;
}

}  // namespace weft::inline v0
