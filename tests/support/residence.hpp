/// @file
/// Whether memory is in memory.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace weft_test {

/// Whether the page that holds this byte has memory.
inline bool is_resident(const std::byte* byte) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(byte) / page * page;
  unsigned char answer = 0;
  if (::mincore(reinterpret_cast<void*>(begin), page, &answer) != 0) throw std::runtime_error("mincore");
  return (answer & 1) != 0;
}

}  // namespace weft_test
