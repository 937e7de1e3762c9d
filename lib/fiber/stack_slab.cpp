#include "fiber/stack_slab.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>

#include "base/rounding.hpp"
#include "fiber/sanitizer.hpp"
#include <weft/base/error.hpp>
#include <weft/fiber/fiber_cache.hpp>

#if !defined(MADV_POPULATE_READ)
#define MADV_POPULATE_READ 22
#endif
#if !defined(MADV_POPULATE_WRITE)
#define MADV_POPULATE_WRITE 23
#endif
#if !defined(MADV_GUARD_INSTALL)
#define MADV_GUARD_INSTALL 102
#endif

namespace weft::inline v0 {

namespace {

constexpr std::size_t kGuardPages = 15;

std::size_t page_size() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

int guard_by_advice(void* memory, std::size_t bytes) noexcept {
  if (::madvise(memory, bytes, MADV_GUARD_INSTALL) != 0) return -1;
  // An emulator (qemu-user) takes advice that it does not know for a hint, and reports success. So the first guard has to show that it is
  // one: it cannot be read.
  static const bool has_effect = ::madvise(memory, page_size(), MADV_POPULATE_READ) != 0;
  if (has_effect) return 0;
  errno = ENOSYS;
  return -1;
}

std::string in_kib(std::size_t bytes) { return std::to_string(bytes >> 10) + " KiB"; }

}  // namespace

constinit StackMemory stack_memory{
    [](std::size_t bytes) noexcept {
      void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
      return memory != MAP_FAILED ? memory : nullptr;
    },
    [](void* memory, std::size_t bytes) noexcept { return ::munmap(memory, bytes); },
    &guard_by_advice,
    [](void* memory, std::size_t bytes) noexcept { return ::mprotect(memory, bytes, PROT_NONE); },
    [](void* memory, std::size_t bytes) noexcept { return ::madvise(memory, bytes, MADV_DONTNEED); },
    [](void* memory, std::size_t bytes) noexcept { return ::madvise(memory, bytes, MADV_POPULATE_WRITE); },
    [](void* memory, std::size_t bytes) noexcept { return ::madvise(memory, bytes, MADV_HUGEPAGE); },
};

std::size_t StackSlab::guard_bytes(bool huge_pages) noexcept {
  static const std::size_t on_small_pages = kGuardPages * page_size();
  return huge_pages ? StackSize::kHugePage : on_small_pages;
}

bool StackSlab::is_in_guard_of(const Fiber& fiber, const std::byte* address) noexcept {
  return address < fiber.stack_begin() && address >= fiber.stack_begin() - guard_bytes(StackSize::is_huge(fiber.size_class_));
}

std::size_t StackSlab::bytes_for(std::size_t count) const noexcept {
  const std::size_t to_align = has_huge_pages_ ? StackSize::kHugePage : 0;
  return rounded_up(count * sizeof(Fiber), page_) + count * stride() + to_align;
}

std::size_t StackSlab::stride() const noexcept {
  const std::size_t bytes = stack_bytes_ + guard_bytes();
  const bool is_even = bytes / page_ % 2 == 0;
  return has_huge_pages_ || !is_even ? bytes : bytes + page_;
}

StackSlab::StackSlab(std::size_t stack_bytes, bool huge_pages, std::size_t wanted)
    : has_huge_pages_(huge_pages), page_(page_size()), stack_bytes_(rounded_up(stack_bytes, page_)) {
  // Address space may be limited (ulimit -v, vm.overcommit_memory = 2), so what is refused is tried in smaller pieces.
  for (std::size_t count = std::max<std::size_t>(wanted / stride(), 1); count != 0; count /= 2) {
    memory_ = static_cast<std::byte*>(stack_memory.map(bytes_for(count)));
    if (memory_ == nullptr) continue;
    capacity_ = count;
    stacks_ = memory_ + rounded_up(count * sizeof(Fiber), page_);
    if (has_huge_pages_) {
      const std::size_t beyond = reinterpret_cast<std::uintptr_t>(stacks_) % StackSize::kHugePage;
      stacks_ += beyond != 0 ? StackSize::kHugePage - beyond : 0;
    }
    return;
  }
  const int error = errno;
  // EAGAIN is what mmap says where mlockall(MCL_FUTURE) would have to lock the new memory.
  const char* const limits = error == EAGAIN ? "ulimit -l, because memory is locked (mlockall)"
                                             : "ulimit -v, the memory of the cgroup, vm.overcommit_memory";
  throw LimitError("weft: no address space for another fiber stack of " + in_kib(stack_bytes_) + " (mmap: " + std::strerror(error) +
                   "): raise the limit (" + limits + "), or ask for a smaller stack_size");
}

StackSlab::~StackSlab() {
  auto* const fibers = reinterpret_cast<Fiber*>(memory_);
  for (std::size_t i = 0; i < made_; ++i) forget_stack(fibers[i].tool_);
  stack_memory.unmap(memory_, bytes_for(capacity_));
}

void StackSlab::install_guard(std::byte* guard) const {
  if (stack_memory.guard(guard, guard_bytes()) == 0) return;
  // Before Linux 6.13, and under emulation, there is no such advice, and each guard splits the mapping.
  if (stack_memory.protect(guard, guard_bytes()) == 0) return;
  const int error = errno;
  throw LimitError("weft: no guard for fiber stack number " + std::to_string(made_ + 1) + " (mprotect: " + std::strerror(error) +
                   "); each takes two of the kernel's mappings here: raise their limit (sysctl vm.max_map_count), have fewer fibers at once, "
                   "or use Linux 6.13, where guards take none");
}

Fiber* StackSlab::make(std::uint32_t size_class, std::uint32_t node) {
  if (made_ == capacity_) return nullptr;
  std::byte* const end = stacks_ + (made_ + 1) * stride();
  std::byte* const begin = end - stack_bytes_;
  install_guard(begin - guard_bytes());
  if (has_huge_pages_) stack_memory.use_huge_pages(begin, stack_bytes_);  // a wish; without it there are small ones
  // Stacks that are used in turn should not begin in the same lines of the first cache either; a page still holds what most need.
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kDifferent = 16;
  const auto unused = static_cast<std::uint32_t>(made_ % kDifferent * kLine);
  auto* const fiber = new (memory_ + made_++ * sizeof(Fiber)) Fiber(begin, end, unused, size_class, node);
  fiber->tool_ = remember_stack(begin, end);
  return fiber;
}

}  // namespace weft::inline v0
