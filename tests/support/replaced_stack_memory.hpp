/// @file
/// Other system calls for the stacks of fibers.
#pragma once

#include "fiber/stack_slab.hpp"

namespace weft_test {

/// Replaces the system calls while it lives.
///
/// Pre: no other thread makes stacks, or looks for those to be cleaned, when it begins and ends: a runtime that is made before has one
///      worker, its caller, and no watcher.
class ReplacedStackMemory {
 public:
  explicit ReplacedStackMemory(const weft::StackMemory& by) : before_(weft::stack_memory) { weft::stack_memory = by; }
  ReplacedStackMemory(const ReplacedStackMemory&) = delete;
  ReplacedStackMemory& operator=(const ReplacedStackMemory&) = delete;
  ~ReplacedStackMemory() { weft::stack_memory = before_; }

 private:
  weft::StackMemory before_;
};

}  // namespace weft_test
