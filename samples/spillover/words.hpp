/// @file
/// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace spillover {

/// As std::snprintf does it.
[[nodiscard]] __attribute__((format(printf, 1, 2))) std::string formatted(const char* format, ...);

/// Makes "212 us", "1.25 ms" or "3.1 s" of nanoseconds.
[[nodiscard]] std::string duration_words(std::int64_t ns);

}  // namespace spillover
