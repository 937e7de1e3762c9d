#include "topo/memory_size.hpp"

#include <charconv>
#include <limits>

namespace weft::inline v0 {

namespace {
constexpr std::string_view kUnits = "KMGT";
}

std::optional<std::uint64_t> parse_memory_size(std::string_view text) {
  std::uint64_t amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.empty()) return amount;
  const std::size_t unit = kUnits.find(text.front());
  if (text.size() != 1 || unit == std::string_view::npos) return std::nullopt;
  const unsigned shift = 10 * (static_cast<unsigned>(unit) + 1);
  if (amount > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
  return amount << shift;
}

std::string format_memory_size(std::uint64_t bytes) {
  std::size_t units = 0;
  while (bytes != 0 && bytes % 1024 == 0 && units < kUnits.size()) {
    bytes /= 1024;
    ++units;
  }
  std::string text = std::to_string(bytes);
  if (units != 0) text += kUnits[units - 1];
  return text;
}

}  // namespace weft::inline v0
