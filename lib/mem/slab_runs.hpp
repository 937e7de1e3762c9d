/// @file
/// Memory for slabs, several at a time once there are many.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/adaptive_mutex.hpp"
#include "mem/frame_slab.hpp"

namespace weft::inline v0 {

/// The first slabs are blocks of the allocator, each by itself: few frames take little memory. Who has more than 2 MiB of them will need as much
/// again, and gets it in one run, mapped and aligned to its size, for which the kernel is asked to use one huge page: a million frames are otherwise
/// thousands of mappings, and each look at one that sleeps misses the translation buffer (lib/DECISIONS.md, "slabs come in runs").
///
/// A run goes back to the system when none of its slabs is in use. Free slabs of others keep their pages as long as they are not more than those in use,
/// or than kMayKeep.
///
/// Threads: any.
class SlabRuns {
 public:
  static constexpr std::size_t kSlabsInRun = 32;
  static constexpr std::size_t kRunBytes = kSlabsInRun * FrameSlab::kAlignment;
  static constexpr std::size_t kAloneFirst = kSlabsInRun;                          ///< so many slabs are by themselves
  static constexpr std::size_t kMayKeep = 64 * 1024 * 1024 / FrameSlab::kAlignment;  ///< free slabs

  struct Memory {
    void* at;
    bool is_in_run;
  };

  constexpr SlabRuns() noexcept = default;
  SlabRuns(const SlabRuns&) = delete;
  SlabRuns& operator=(const SlabRuns&) = delete;

  /// FrameSlab::kBytes, aligned to FrameSlab::kAlignment. Errors: std::bad_alloc.
  [[nodiscard]] Memory take();
  void give(Memory slab) noexcept;

 private:
  using Bits = std::uint32_t;  // one for each slab
  static constexpr Bits kAll = ~Bits{0};
  static_assert(kSlabsInRun == 8 * sizeof(Bits));

  /// Behind the first slab of a run, where the next begins 64 bytes later.
  struct Run {
    Run* next = nullptr;
    Run* previous = nullptr;
    Bits free = kAll;
    Bits kept = 0;  // free ones that have been in use, and have pages
  };
  static_assert(sizeof(Run) <= FrameSlab::kAlignment - FrameSlab::kBytes);

  [[nodiscard]] static Run* run_of(void* slab) noexcept;
  [[nodiscard]] static std::byte* begin_of(Run& run) noexcept { return reinterpret_cast<std::byte*>(&run) - FrameSlab::kBytes; }
  [[nodiscard]] static Run* make_run() noexcept;
  [[nodiscard]] void* take_from(Run& run) noexcept;
  void forget_kept(Run& run) noexcept;
  void give_pages_back(Run& run) noexcept;
  void list(Run& run) noexcept;
  void unlist(Run& run) noexcept;
  [[nodiscard]] Memory take_alone();

  AdaptiveMutex mutex_;
  // ---- guarded by the mutex ----
  Run* first_ = nullptr;  // of those that have a free slab
  bool is_making_run_ = false;
  std::size_t alone_ = 0;
  std::size_t in_use_ = 0;  // of runs
  std::size_t kept_ = 0;    // in all runs
};

}  // namespace weft::inline v0
