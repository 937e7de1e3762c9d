/// @file
/// An operator new that fails when it is told to.
#pragma once

namespace weft_test {

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
