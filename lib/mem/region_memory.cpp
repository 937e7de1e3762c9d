#include "mem/region_memory.hpp"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cerrno>
#include <limits>

#if !defined(MADV_POPULATE_WRITE)
#define MADV_POPULATE_WRITE 23
#endif

namespace weft::inline v0 {

namespace {

constexpr std::size_t kWordBits = std::numeric_limits<unsigned long>::digits;
constexpr std::size_t kMostNodes = 1024;  // the kernel knows no more
using NodeSet = std::array<unsigned long, kMostNodes / kWordBits>;

int bind_to_node(void* memory, std::size_t bytes, unsigned os_node) noexcept {
  if (os_node >= kMostNodes) return EINVAL;
  NodeSet nodes{};
  nodes[os_node / kWordBits] = 1UL << os_node % kWordBits;
  // Preferred and not bound: a node that is full is no reason to end the process.
  return static_cast<int>(::syscall(SYS_mbind, memory, bytes, MPOL_PREFERRED, nodes.data(), kMostNodes + 1, 0));
}

std::size_t page_size() noexcept {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

int populate(void* memory, std::size_t bytes) noexcept {
  if (::madvise(memory, bytes, MADV_POPULATE_WRITE) == 0) return 0;
  if (errno != EINVAL) return -1;
  // Before Linux 5.14 there is no such advice.
  auto* const begin = static_cast<volatile std::byte*>(memory);
  for (std::size_t at = 0; at < bytes; at += page_size()) begin[at] = std::byte{0};
  return 0;
}

NodesHere ask_for_nodes() noexcept {
  NodeSet nodes{};
  NodesHere here;
  if (::syscall(SYS_get_mempolicy, nullptr, nodes.data(), kMostNodes, nullptr, MPOL_F_MEMS_ALLOWED) != 0) return here;
  here.count = 0;
  for (std::size_t word = 0; word < nodes.size(); ++word) {
    here.count += static_cast<unsigned>(std::popcount(nodes[word]));
    if (nodes[word] != 0) here.last = static_cast<unsigned>(word * kWordBits + std::bit_width(nodes[word]) - 1);
  }
  return here;
}

}  // namespace

constinit RegionMemory region_memory{
    [](std::size_t bytes) noexcept {
      void* const memory = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      return memory != MAP_FAILED ? memory : nullptr;
    },
    [](void* memory, std::size_t bytes) noexcept { return ::munmap(memory, bytes); },
    [](void* memory, std::size_t bytes) noexcept { return ::mprotect(memory, bytes, PROT_READ | PROT_WRITE); },
    &bind_to_node,
    [](void* memory, std::size_t bytes) noexcept { return ::madvise(memory, bytes, MADV_DONTNEED); },
    &populate,
    [](void* memory, std::size_t bytes) noexcept { return ::madvise(memory, bytes, MADV_HUGEPAGE); },
    [](void** pages, std::size_t count, int* nodes) noexcept {
      return static_cast<int>(::syscall(SYS_move_pages, 0, count, pages, nullptr, nodes, 0));
    },
    &page_size,
};

std::byte* reserve_aligned(std::size_t bytes) noexcept {
  // Twice as much has in it what is aligned to its size; the rest goes back.
  auto* const memory = static_cast<std::byte*>(region_memory.reserve(2 * bytes));
  if (memory == nullptr) return nullptr;
  const std::size_t before = (bytes - reinterpret_cast<std::uintptr_t>(memory) % bytes) % bytes;
  if (before != 0) region_memory.unmap(memory, before);
  region_memory.unmap(memory + before + bytes, bytes - before);
  return memory + before;
}

std::size_t address_space_for_a_node() noexcept {
  constexpr std::size_t kShare = 32;  // of what the process may have; for a moment a range takes twice as much
  // Some pay for addresses that are only reserved: an emulator of processors keeps 24 bytes for each page of them.
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  std::size_t bytes = std::bit_floor(std::numeric_limits<std::size_t>::max());
  if (pages > 0 && page > 0) bytes = std::bit_ceil(2 * static_cast<std::size_t>(pages) * static_cast<std::size_t>(page));
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return bytes;
  return std::min(bytes, std::bit_floor(std::size_t{limit.rlim_cur} / kShare));
}

NodesHere nodes_here() noexcept {
  static const NodesHere here = ask_for_nodes();
  return here;
}

}  // namespace weft::inline v0
