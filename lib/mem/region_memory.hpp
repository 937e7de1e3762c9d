/// @file
/// What memory of a NUMA node asks of the kernel.
#pragma once

#include <cstddef>

namespace weft::inline v0 {

/// The calls behind a NodeRegion, and behind whoever binds memory of its own; tests replace them. What returns an int returns 0, or something
/// else for what the kernel refuses.
struct RegionMemory {
  void* (*reserve)(std::size_t bytes) noexcept;              ///< address space that cannot be touched; null: refused
  int (*unmap)(void* memory, std::size_t bytes) noexcept;
  int (*allow)(void* memory, std::size_t bytes) noexcept;    ///< reserved memory may be read and written from here on
  /// Pages that are touched from here on come from that node; from others only when it has none left.
  int (*bind)(void* memory, std::size_t bytes, unsigned os_node) noexcept;
  /// Gives back the pages, which read as zero afterwards. Pre: whole pages, for the kernel rounds up what is not.
  int (*give_back)(void* memory, std::size_t bytes) noexcept;
  int (*populate)(void* memory, std::size_t bytes) noexcept;   ///< gives it its pages
  int (*use_huge_pages)(void* memory, std::size_t bytes) noexcept;
  /// Asks for the node of each page; below zero: it has none.
  int (*nodes_of)(void** pages, std::size_t count, int* nodes) noexcept;
  std::size_t (*page_size)() noexcept;
};

/// The kernel's.
extern constinit RegionMemory region_memory;

/// Address space of `bytes`, a power of two of pages, aligned to its size, which cannot be touched so far. Null: refused.
[[nodiscard]] std::byte* reserve_aligned(std::size_t bytes) noexcept;

/// How much address space the range of a node should take at most, a power of two: twice the memory of this machine, so that what is rounded up
/// and what lies between blocks has room; where address space is limited, threads and the heap need it, too, so it is a small share of that.
[[nodiscard]] std::size_t address_space_for_a_node() noexcept;

/// The NUMA nodes from which this process may take memory.
struct NodesHere {
  unsigned count = 1;
  unsigned last = 0;  ///< the highest number
};

/// Asked once.
[[nodiscard]] NodesHere nodes_here() noexcept;

}  // namespace weft::inline v0
