/// @file
/// Whether guards take mappings of their own here, as they do before Linux 6.13 and under emulation.
#pragma once

#include "fiber/stack_slab.hpp"

namespace weft_test {

inline bool guards_take_no_mappings() {
  const std::size_t bytes = weft::StackSlab::guard_bytes(false);
  void* const memory = weft::stack_memory.map(bytes);
  const bool has_advice = weft::stack_memory.guard(memory, bytes) == 0;
  weft::stack_memory.unmap(memory, bytes);
  return has_advice;
}

}  // namespace weft_test
