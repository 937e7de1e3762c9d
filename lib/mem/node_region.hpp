/// @file
/// A range of addresses whose memory comes from one NUMA node, and which parts of it are free.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/adaptive_mutex.hpp"
#include <weft/base/platform.hpp>

namespace weft::inline v0 {

/// Gives out runs of 4 KiB, 8 KiB, 16 KiB, ..., each aligned to its size, out of one range of addresses.
///
/// The range is reserved at once and may not be touched; from its begin on it is opened in chunks of 4 MiB when nothing that was given back
/// fits. So a block's address says whether it is of this node. Runs that came back are joined with their neighbours (a buddy system); what
/// is known of a run stands in a table at the begin of the range, and not in the run, so that free memory is not touched.
///
/// Threads: any.
class NodeRegion {
 public:
  static constexpr std::size_t kUnit = 4096;                             ///< the smallest run
  /// That are reserved. ThreadSanitizer has a shadow for each byte, and less room.
  static constexpr std::size_t kMostBytes = std::size_t{WEFT_TSAN ? 1 : 1024} << 30;
  static constexpr std::size_t kLeastBytes = std::size_t{64} << 20;      ///< with less there is no region
  static constexpr std::size_t kChunk = std::size_t{4} << 20;            ///< opened at once
  static constexpr std::size_t kMayKeepBytes = std::size_t{16} << 20;    ///< of free pages, before they go back to the system

  /// Reserves nothing: a region without a range.
  constexpr NodeRegion() noexcept = default;
  NodeRegion(const NodeRegion&) = delete;
  NodeRegion& operator=(const NodeRegion&) = delete;
  ~NodeRegion();

  /// Reserves the range: `most` bytes, a power of two, or less if that is refused. Pre: it has none. Before others know of it.
  ///
  /// @param os_node  to which its memory is bound, if that is possible
  /// @return         false: no address space
  bool reserve(std::size_t most = kMostBytes) noexcept;
  bool bind_to(unsigned os_node) noexcept;

  [[nodiscard]] bool has_range() const noexcept { return begin_ != nullptr; }
  /// The addresses of the range; 0 without one.
  [[nodiscard]] std::uintptr_t begin() const noexcept { return reinterpret_cast<std::uintptr_t>(begin_); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool contains(const void* address) const noexcept { return reinterpret_cast<std::uintptr_t>(address) - begin() < bytes_; }

  /// A run of at least so many bytes, aligned to the power of two that they are rounded up to. Null: there is no memory.
  [[nodiscard]] void* take(std::size_t bytes) noexcept;
  /// Gives back a run that was taken for the same `bytes`. What is free beyond kMayKeepBytes, or what prefault() asked for, goes back to the
  /// system, but runs that are smaller than a page (of 16 or 64 KiB) do not.
  void give(void* run, std::size_t bytes) noexcept;

  /// From here on, and for what is there, pages of 2 MiB are used where the system has some.
  void use_huge_pages() noexcept;
  /// Gives pages to so many bytes of free memory, less what was asked for before. What the system refuses is left to the first touch.
  void prefault(std::size_t bytes) noexcept;

  /// Of the pages that there are, the share that lies on other nodes; asked for 65,536 of them at most. Nothing: the kernel does not say.
  [[nodiscard]] std::optional<double> share_elsewhere(unsigned os_node) noexcept;

  /// Memory that was opened; what of it has pages, the kernel knows. For tests.
  [[nodiscard]] std::size_t opened_bytes() noexcept;
  /// Of free runs that may have pages.
  [[nodiscard]] std::size_t kept_bytes() noexcept;

 private:
  using Index = std::uint32_t;  // of a unit; 0, which is a unit of the table: none
  static constexpr unsigned kOrders = std::bit_width(kMostBytes / kUnit);

  /// Units side by side.
  struct Range {
    Index from = 0;
    Index to = 0;
    Index kept = 0;  // of them that may have pages
  };

  /// What is known of the free run that begins at a unit.
  struct Unit {
    Index next = 0;
    Index previous = 0;
    Index kept = 0;  // units of it that may have pages
    std::uint8_t order = 0;
    bool is_free = false;  // and begins here
  };

  [[nodiscard]] static unsigned order_of(std::size_t bytes) noexcept;
  [[nodiscard]] Unit& unit(Index index) const noexcept { return reinterpret_cast<Unit*>(begin_)[index]; }
  [[nodiscard]] std::byte* address_of(Index index) const noexcept { return begin_ + std::size_t{index} * kUnit; }
  [[nodiscard]] Index index_of(const void* run) const noexcept {
    return static_cast<Index>((reinterpret_cast<std::uintptr_t>(run) - begin()) / kUnit);
  }

  // ---- with mutex_ held ----
  void link(Index run, unsigned order, Index kept) noexcept;
  void unlink(Index run) noexcept;
  Index cut(Index run, unsigned order, bool counts_as_first) noexcept;
  [[nodiscard]] Index take_free(unsigned order) noexcept;
  void give_free(Index run, unsigned order, Index kept) noexcept;
  void give_range(Index from, Index to, bool has_pages) noexcept;
  [[nodiscard]] Range take_without_all_pages() noexcept;
  [[nodiscard]] Index open(std::size_t bytes, std::size_t alignment) noexcept;

  // ---- never changes once it is reserved ----
  std::byte* begin_ = nullptr;
  std::size_t bytes_ = 0;
  Index first_ = 0;  // unit behind the table

  AdaptiveMutex mutex_;
  // ---- guarded by mutex_ ----
  std::array<Index, kOrders> free_{};  // the first run of each order
  Index opened_ = 0;                   // units that may be touched: those below, but for the end of the table
  std::size_t table_opened_ = 0;       // bytes
  std::size_t kept_ = 0;               // units
  std::size_t prefaulted_ = 0;         // bytes
  std::mutex prefault_mutex_;  // taken before mutex_; one thread at a time prefaults
};

}  // namespace weft::inline v0
