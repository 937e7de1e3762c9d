/// @file
/// An operator new that fails when it is told to.
#pragma once

#include <weft/base/platform.hpp>

namespace weft_test {

/// Whether operator new is the one of this program at all.
#if WEFT_TSAN && defined(__clang__)
inline constexpr bool kReplacesNew = false;
#else
inline constexpr bool kReplacesNew = true;
#endif
inline constexpr const char* kWhyNotReplaced = "clang's thread sanitizer has an operator new of its own";

/// Makes the allocation number `nth` from now (0: the next) throw std::bad_alloc, on whichever thread it happens, and
/// those after it too until `count` have failed.
class FailingAllocations {
 public:
  explicit FailingAllocations(long nth, long count = 1);
  FailingAllocations(const FailingAllocations&) = delete;
  FailingAllocations& operator=(const FailingAllocations&) = delete;
  ~FailingAllocations();

  /// Whether an allocation has failed.
  [[nodiscard]] bool has_failed() const;
};

/// Makes operator new and delete call `visit` on this thread, as a new_handler or a profiler might call anything.
class VisitedAllocations {
 public:
  explicit VisitedAllocations(void (*visit)());
  VisitedAllocations(const VisitedAllocations&) = delete;
  VisitedAllocations& operator=(const VisitedAllocations&) = delete;
  ~VisitedAllocations();

  /// How often it was called.
  [[nodiscard]] long visits() const;
};

/// Blocks from operator new that have not been deleted.
long living_blocks();

}  // namespace weft_test
