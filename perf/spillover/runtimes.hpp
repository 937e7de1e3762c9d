/// @file
/// The two contenders: one runtime with tiers, one whose workers are all always open.
#pragma once

#include <weft/weft.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

namespace spillover {

using Clock = std::chrono::steady_clock;

/// Both have a worker for each processor, bound to it, and all other options alike. Where there are more than two processors the workers may have
/// them in another order.
enum class Contender : std::uint8_t {
  AllOpen,  ///< PinningStrategy::AvoidSMT
  Tiered    ///< PinningStrategy::TieredSpillover
};

/// This machine; if its cores would all be in one tier, one with its processors in two L3 domains, which the runtime maps to the real ones.
[[nodiscard]] const weft::Topology& machine();

[[nodiscard]] unsigned workers();
[[nodiscard]] unsigned tiers();

/// A runtime that tells when its tiers were opened and closed.
class Runtime {
 public:
  struct Change {
    weft::TierChange is;
    Clock::time_point told;  ///< when the watcher had made it
  };

  explicit Runtime(Contender contender, const weft::TierOptions& tiers = {});

  weft::Runtime* operator->() noexcept { return &runtime_; }

  /// So far.
  [[nodiscard]] std::vector<Change> changes() const;

  /// Of the last change that opened the last tier; it was told, or will be at once.
  [[nodiscard]] Change opened_all() const;

  /// Returns when tier 0 only is open, or all workers always are.
  void wait_until_closed() const;

 private:
  weft::RuntimeOptions options_of(Contender contender, const weft::TierOptions& tiers);

  mutable std::mutex mutex_;
  std::vector<Change> changes_;  // guarded by mutex_
  weft::Runtime runtime_;        // ends first: its watcher writes the others
};

}  // namespace spillover
