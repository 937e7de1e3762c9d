/// @file
/// The idle fibers that no worker keeps, and the slabs that they are made in: one depot for each NUMA node.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "fiber/stack_slab.hpp"
#include <weft/base/atomic.hpp>
#include <weft/base/cache_line.hpp>
#include <weft/fiber/fiber_cache.hpp>

namespace weft::inline v0 {

/// Some fibers of one size class, linked by next_.
struct FiberList {
  Fiber* first = nullptr;
  std::uint32_t count = 0;
};

/// Threads:  any.
/// Lifetime: of the process: a fiber may outlive the runtime that it was made for.
class FiberDepot {
 public:
  /// The depot of the node that this thread runs on.
  [[nodiscard]] static FiberDepot& here() noexcept;
  /// Takes 1 to `most` fibers; makes new ones only if there is no other.
  ///
  /// Errors: LimitError when not even one can be made.
  [[nodiscard]] FiberList take(std::uint32_t size_class, std::uint32_t most);

  /// Gives a fiber back to the depot that it comes from, which gives memory back to the system beyond what it keeps.
  static void put_home(Fiber& fiber) noexcept;

  /// False: there has never been a fiber in this process.
  // relaxed: whoever has one has seen it made.
  [[nodiscard]] static bool has_made_any() noexcept { return has_made_any_.load(relaxed); }

  /// Fibers that are in use, or kept by a cache, over all depots.
  [[nodiscard]] static std::size_t outstanding() noexcept;

  /// Gives the memory of stacks back to the system that nobody has used since the last call.
  static void clean_unused() noexcept;

 private:
  struct SizeClass {
    std::mutex mutex;
    // ---- guarded by mutex ----
    FiberList touched;  // their stacks have memory
    FiberList clean;    // they have none
    std::uint32_t least_touched = 0;  // since clean_unused()
    std::size_t out = 0;
    std::vector<std::unique_ptr<StackSlab>> slabs;
  };

  static void link(FiberList& list, Fiber& fiber) noexcept;
  [[nodiscard]] static FiberList split(FiberList& from, std::uint32_t most) noexcept;
  static void clean(const Fiber& fiber) noexcept;
  void clean_unused(SizeClass& kept) noexcept;
  void put(Fiber& fiber) noexcept;
  [[nodiscard]] FiberList make(SizeClass& kept, std::uint32_t size_class, std::uint32_t most);
  [[nodiscard]] std::uint32_t node() const noexcept;

  static inline constinit Atomic<bool> has_made_any_{false};

  std::array<SizeClass, StackSize::kAllClasses> classes_;
};

}  // namespace weft::inline v0
