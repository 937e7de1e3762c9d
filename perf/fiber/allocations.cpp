#include "fiber/allocations.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace fibers {
namespace {

constinit std::atomic<std::uint64_t> count{0};

void* allocate(std::size_t bytes, std::size_t alignment) {
  // relaxed: only the number matters, and whoever reads it has waited for those who allocate.
  count.fetch_add(1, std::memory_order_relaxed);
  if (bytes == 0) bytes = 1;
  void* const block = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                          ? std::malloc(bytes)
                          : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

// relaxed: as above.
std::uint64_t allocations() noexcept { return count.load(std::memory_order_relaxed); }

}  // namespace fibers

// The forms that are not here (of arrays, nothrow) call these.
void* operator new(std::size_t bytes) { return fibers::allocate(bytes, 1); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return fibers::allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
