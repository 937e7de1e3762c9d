#include "words.hpp"

#include <cstdarg>
#include <cstdio>

namespace spillover {

std::string formatted(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  std::va_list again;
  va_copy(again, arguments);
  std::string text(static_cast<std::size_t>(std::vsnprintf(nullptr, 0, format, arguments)), ' ');
  std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  va_end(arguments);
  return text;
}

std::string duration_words(std::int64_t ns) {
  const auto value = static_cast<double>(ns);
  if (value < 999.5e3) return formatted("%.0f us", value / 1e3);
  if (value < 999.5e6) return formatted(value < 9.995e6 ? "%.2f ms" : "%.1f ms", value / 1e6);
  return formatted("%.2f s", value / 1e9);
}

}  // namespace spillover
