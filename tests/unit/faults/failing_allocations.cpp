#include "failing_allocations.hpp"

#include <weft/base/platform.hpp>

#include <atomic>
#include <climits>
#include <cstdlib>
#include <new>

namespace {

constinit std::atomic<long> until_failure{LONG_MAX};  // allocations that still succeed
constinit std::atomic<long> failures_left{0};
constinit std::atomic<long> failed{0};
constinit std::atomic<long> living{0};

using Visitor = void (*)();

constinit thread_local Visitor visitor = nullptr;
constinit thread_local bool is_visiting = false;
constinit thread_local long visit_count = 0;

[[maybe_unused]] void visit() {
  if (visitor == nullptr || is_visiting) return;
  is_visiting = true;
  ++visit_count;
  visitor();
  is_visiting = false;
}

bool should_fail() {
  if (failures_left.load(std::memory_order_relaxed) == 0) return false;
  if (until_failure.fetch_sub(1) > 0) return false;
  if (failures_left.fetch_sub(1) <= 0) {
    failures_left.store(0);
    return false;
  }
  failed.fetch_add(1);
  return true;
}

[[maybe_unused]] void* allocate(std::size_t bytes) noexcept {
  visit();
  if (should_fail()) return nullptr;
  void* const block = std::malloc(bytes != 0 ? bytes : 1);
  if (block != nullptr) living.fetch_add(1, std::memory_order_relaxed);
  return block;
}

[[maybe_unused]] void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
  visit();
  if (should_fail()) return nullptr;
  void* const block = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (block != nullptr) living.fetch_add(1, std::memory_order_relaxed);
  return block;
}

[[maybe_unused]] void give_back(void* block) noexcept {
  visit();
  if (block != nullptr) living.fetch_sub(1, std::memory_order_relaxed);
  std::free(block);
}

}  // namespace

namespace weft_test {

FailingAllocations::FailingAllocations(long nth, long count) {
  failed.store(0);
  until_failure.store(nth);
  failures_left.store(count);
}

FailingAllocations::~FailingAllocations() { failures_left.store(0); }

bool FailingAllocations::has_failed() const { return failed.load() != 0; }

VisitedAllocations::VisitedAllocations(void (*visit)()) {
  visit_count = 0;
  visitor = visit;
}

VisitedAllocations::~VisitedAllocations() { visitor = nullptr; }

long VisitedAllocations::visits() const { return visit_count; }

long living_blocks() { return living.load(); }

}  // namespace weft_test

// Clang's thread sanitizer insists on its own operators.
#if !(WEFT_TSAN && defined(__clang__))

void* operator new(std::size_t bytes) {
  if (void* const block = allocate(bytes)) return block;
  throw std::bad_alloc();
}
void* operator new[](std::size_t bytes) { return ::operator new(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  if (void* const block = allocate(bytes, static_cast<std::size_t>(alignment))) return block;
  throw std::bad_alloc();
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) { return ::operator new(bytes, alignment); }
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { give_back(block); }
void operator delete[](void* block) noexcept { give_back(block); }
void operator delete(void* block, std::size_t) noexcept { give_back(block); }
void operator delete[](void* block, std::size_t) noexcept { give_back(block); }
void operator delete(void* block, std::align_val_t) noexcept { give_back(block); }
void operator delete[](void* block, std::align_val_t) noexcept { give_back(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { give_back(block); }
// The last of them, for sized and aligned arrays, is left alone: clang's sanitizers insist on their own.

#endif
