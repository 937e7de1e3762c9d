/// @file
/// On which node memory lies, as the kernel says, and memory to ask that of.
#pragma once

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <set>
#include <system_error>
#include <vector>

namespace weft_test {

inline constexpr std::size_t kPage = 4096;

/// In the place of a node: nobody has touched the page.
inline constexpr int kNowhere = -1;

/// The nodes of the pages that have these bytes. They are only asked for: nothing is moved, nor touched.
inline std::set<int> nodes_of(const std::byte* memory, std::size_t bytes) {
  std::vector<void*> pages;
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  for (std::uintptr_t page = begin / kPage * kPage; page < begin + bytes; page += kPage) pages.push_back(reinterpret_cast<void*>(page));
  std::vector<int> nodes(pages.size());
  if (::syscall(SYS_move_pages, 0, pages.size(), pages.data(), nullptr, nodes.data(), 0) != 0) {
    throw std::system_error(errno, std::generic_category(), "move_pages");
  }
  std::set<int> found;
  for (const int node : nodes) {
    const bool is_nowhere = node == -ENOENT || node == -EFAULT;  // the one or the other, by what the kernel has of the page
    if (node < 0 && !is_nowhere) throw std::system_error(-node, std::generic_category(), "move_pages, a page");
    found.insert(is_nowhere ? kNowhere : node);
  }
  return found;
}

/// Pages that nobody has touched so far.
class FreshPages {
 public:
  explicit FreshPages(std::size_t pages) : bytes_(pages * kPage) {
    void* const memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    memory_ = static_cast<std::byte*>(memory);
    // The kernel puts neighbours into one mapping, and that on a huge page.
    if (::madvise(memory, bytes_, MADV_NOHUGEPAGE) != 0) throw std::system_error(errno, std::generic_category(), "madvise");
  }
  FreshPages(const FreshPages&) = delete;
  FreshPages& operator=(const FreshPages&) = delete;
  ~FreshPages() { ::munmap(memory_, bytes_); }

  void bind_to(unsigned node) {
    const unsigned long mask = 1UL << node;
    if (::syscall(SYS_mbind, memory_, bytes_, MPOL_BIND, &mask, 8 * sizeof mask, 0) != 0) {
      throw std::system_error(errno, std::generic_category(), "mbind");
    }
  }

  void touch() noexcept {
    for (std::size_t at = 0; at < bytes_; at += kPage) static_cast<volatile std::byte*>(memory_)[at] = std::byte{1};
  }

  [[nodiscard]] std::set<int> nodes() const { return nodes_of(memory_, bytes_); }

 private:
  std::size_t bytes_;
  std::byte* memory_ = nullptr;
};

}  // namespace weft_test
