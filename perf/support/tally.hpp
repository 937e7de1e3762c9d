/// @file
/// Counts the jobs that have run, so that empty jobs can be checked too.
#pragma once

#include <atomic>
#include <cstdint>

namespace perf {

/// One counter for each thread, written by that thread only: counting is two instructions and disturbs nobody.
class Tally {
 public:
  static void count() noexcept {
    if (mine_ == nullptr) [[unlikely]] mine_ = add_slot();
    // relaxed: only this thread writes it, and whoever reads the total has waited for the jobs.
    mine_->store(mine_->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  /// What all threads have counted so far.
  static std::uint64_t total();

 private:
  using Slot = std::atomic<std::uint64_t>;
  static Slot* add_slot();

  static inline thread_local constinit Slot* mine_ = nullptr;
};

}  // namespace perf
