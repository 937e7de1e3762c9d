/// @file
/// NodeMemory: memory that lies on one NUMA node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>

#include <weft/base/platform.hpp>

namespace weft::inline v0 {

class FrameCache;

namespace detail {
struct NodeParts;
}

/// The memory of a NUMA node: a std::pmr::memory_resource whose blocks lie there, whoever touches them first.
///
///   std::pmr::vector<double> column(rows, &NodeMemory::of(1));
///
/// A runtime whose workers are planned for more than one node has its coroutine frames, queues and workers in it, each worker's on its own node.
/// Where there is only one node, or no address space for a range of its own, the blocks come from the ordinary allocator, as they do in builds
/// with AddressSanitizer, and in containers that refuse to say which nodes there are (get_mempolicy). lib/mem/README.md says what lies where.
///
/// A node that is full takes from its neighbours, rather than that the process ends; remote_share() says how much that is. What does not fit into
/// the node's range comes from the ordinary allocator. The range is twice the memory of the machine, less where address space is limited; a block
/// counts as the power of two that it is rounded up to, and one of more than half the range does not fit.
///
/// Threads:  any: a block may be given back by another thread than has taken it, which costs the same.
/// Lifetime: of the process; a block may outlive the runtime that it was taken for.
/// Errors:   allocate() throws std::bad_alloc when there is no memory.
/// Cost:     a lock for each block. Up to 2 KiB it is rounded up to a multiple of 32 bytes, beyond to 4 KiB, 8 KiB, 16 KiB, ...; of that
///           memory which was never touched is address space only.
class NodeMemory final : public std::pmr::memory_resource {
 public:
  /// From this number on a node is imagined: its memory is kept apart from that of others as a real node's is, but is bound to nothing. So
  /// plans for other machines can be tried on this one.
  static constexpr unsigned kImagined = 1U << 16;

  NodeMemory(const NodeMemory&) = delete;
  NodeMemory& operator=(const NodeMemory&) = delete;

  /// The memory of a node, by the number that the kernel gives it (Topology::Node::os_index). After 128 different ones, imagined ones included,
  /// further ones share the memory of those.
  ///
  /// Cost: a few loads; the first time some system calls.
  [[nodiscard]] WEFT_API static NodeMemory& of(unsigned os_node) noexcept;

  /// The number that it was made for.
  [[nodiscard]] unsigned node() const noexcept { return node_; }

  /// Whether the kernel was told where the blocks are to lie, and has agreed. If not, a block lies where the thread ran that touched it first.
  [[nodiscard]] bool is_bound() const noexcept { return is_bound_; }

  /// Whether it has a range of addresses of its own; if not, its blocks are the ordinary allocator's.
  [[nodiscard]] bool has_range() const noexcept { return range_bytes_ != 0; }

  /// Whether an address is in that range.
  [[nodiscard]] bool contains(const void* address) const noexcept {
    return reinterpret_cast<std::uintptr_t>(address) - range_begin_ < range_bytes_;
  }

  /// Of the memory that it has, in use or kept, the share that lies on other nodes: 0 to 1, and 0 if it has none. Nothing if it is not bound, or if
  /// the kernel does not say. Queried from the kernel, for 65,536 pages at most, which are evenly spread.
  ///
  /// Cost: a system call for each 512 pages.
  [[nodiscard]] WEFT_API std::optional<double> remote_share() const noexcept;

  /// Puts its memory, that which there is and what will come, on pages of 2 MiB if the system has some. A wish; it stays for the process.
  WEFT_API void use_huge_pages() noexcept;

  /// Gives pages to so many bytes of its free memory, which are kept from then on; less what was asked for before. Nothing without a range; what
  /// the system refuses is left to the first touch.
  ///
  /// Cost: to clear so many bytes.
  WEFT_API void prefault(std::size_t bytes) noexcept;

 private:
  friend class FrameCache;

  NodeMemory(unsigned os_node, detail::NodeParts& parts) noexcept;
  ~NodeMemory() override = default;  // of none

  [[nodiscard]] static NodeMemory* find(unsigned os_node) noexcept;

  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override;

  const unsigned node_;
  bool is_bound_ = false;
  std::uintptr_t range_begin_ = 0;
  std::size_t range_bytes_ = 0;
  detail::NodeParts& parts_;
};

}  // namespace weft::inline v0
