/// @file
/// Many stacks of one size in one mapping, each with its guard, and the control blocks of their fibers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "mem/region_memory.hpp"
#include <weft/fiber/fiber.hpp>

namespace weft::inline v0 {

/// What a StackSlab asks of the kernel; tests replace it.
struct StackMemory {
  void* (*map)(std::size_t bytes) noexcept;                       ///< null: errno says why
  int (*unmap)(void* memory, std::size_t bytes) noexcept;
  int (*guard)(void* memory, std::size_t bytes) noexcept;         ///< by MADV_GUARD_INSTALL; nonzero: errno says why
  int (*protect)(void* memory, std::size_t bytes) noexcept;       ///< by mprotect; nonzero: errno says why
  int (*give_back)(void* memory, std::size_t bytes) noexcept;     ///< the pages; they read as zero afterwards
  int (*populate)(void* memory, std::size_t bytes) noexcept;      ///< gives it its pages; what fails is left to the first touch
  int (*use_huge_pages)(void* memory, std::size_t bytes) noexcept;
};

/// The kernel's.
extern constinit StackMemory stack_memory;

/// An address range for a fixed number of stacks, of which those that were used have memory:
///
///   control block 0 | control block 1 | ... | guard 0 | stack 0 | guard 1 | stack 1 | ...
///
/// It is one mapping, whatever the number of stacks, where the kernel has MADV_GUARD_INSTALL (Linux 6.13).
///
/// A guard is nearly as large as the smallest stacks, because a function with a large frame may step over a small one; it costs address
/// space only. Guard and stack together are an odd number of pages, so that the ends of the stacks do not meet in the same lines of a cache.
/// On huge pages each stack begins at a multiple of their size, and the guard takes all that is left below it.
///
/// Threads: one at a time.
class StackSlab {
 public:
  static constexpr std::size_t kFirstBytes = std::size_t{64} << 20;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 30;

  /// @param wanted  bytes of address space; fewer if they are refused, more if not even one stack would fit
  /// Errors: LimitError when there is no address space even for one.
  explicit StackSlab(std::size_t stack_bytes, bool huge_pages = false, std::size_t wanted = kFirstBytes);
  StackSlab(const StackSlab&) = delete;
  StackSlab& operator=(const StackSlab&) = delete;
  ~StackSlab();

  /// Makes the next fiber, with its guard. Null: all have been made. Errors: LimitError when the kernel refuses the guard.
  [[nodiscard]] Fiber* make(std::uint32_t size_class, std::uint32_t node);

  /// What is touched from here on comes from that NUMA node, if it has some.
  void bind_to(unsigned os_node) const noexcept { static_cast<void>(region_memory.bind(memory_, bytes(), os_node)); }

  /// The size of the guard below each stack.
  [[nodiscard]] static std::size_t guard_bytes(bool huge_pages) noexcept;
  /// Whether an address lies in the guard of a fiber. Async-signal-safe.
  [[nodiscard]] static bool is_in_guard_of(const Fiber& fiber, const std::byte* address) noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_for(capacity_); }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::size_t made() const noexcept { return made_; }

 private:
  [[nodiscard]] std::size_t guard_bytes() const noexcept { return guard_bytes(has_huge_pages_); }
  [[nodiscard]] std::size_t stride() const noexcept;
  [[nodiscard]] std::size_t bytes_for(std::size_t count) const noexcept;
  void install_guard(std::byte* guard) const;

  const bool has_huge_pages_;
  const std::size_t page_;
  const std::size_t stack_bytes_;
  std::size_t capacity_ = 0;
  std::size_t made_ = 0;
  std::byte* memory_ = nullptr;
  std::byte* stacks_ = nullptr;
};

}  // namespace weft::inline v0
