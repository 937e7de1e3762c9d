/// @file
/// From whom a worker steals, in which order.
#pragma once

#include <cstdint>
#include <vector>

#include <weft/topo/pinning.hpp>
#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

/// The planned workers of a pool as one of them goes through them: nearest first. Those that are equally far are begun with at a random one, so
/// that thieves do not all meet at the same victim.
///
/// Threads: as any value.
class Victims {
 public:
  /// Nobody is planned: to whom it is all the same.
  Victims() = default;

  /// Pre: as for steal_rings().
  Victims(const Topology& machine, const PinningPlan& plan, unsigned worker);

  /// Calls `take(victim, is_remote)` until it returns true. Remote are those on another NUMA node.
  template <class Take>
  bool visit(std::uint32_t random, Take take) const {
    unsigned first = 0;
    for (const unsigned end : ring_ends_) {
      const unsigned size = end - first;
      unsigned at = static_cast<unsigned>(std::uint64_t{random} * size >> 32);  // as good as a remainder, and without a division
      for (unsigned i = 0; i < size; ++i, at = at + 1 == size ? 0 : at + 1) {
        if (take(order_[first + at].worker, order_[first + at].is_remote)) return true;
      }
      first = end;
    }
    return false;
  }

  /// How far another worker is, as the number of its ring, the nearest being 1. Those without a place, and the worker itself, are at 0.
  [[nodiscard]] unsigned ring_of(unsigned worker) const noexcept { return worker < ring_of_.size() ? ring_of_[worker] : 0; }

 private:
  struct Victim {
    unsigned worker;
    bool is_remote;  // a ring may have both: of a cache that several nodes share
  };

  std::vector<Victim> order_;        // ring after ring
  std::vector<unsigned> ring_ends_;  // each: one behind its last in `order_`
  std::vector<std::uint8_t> ring_of_;  // of each worker; the last rings may be one
};

}  // namespace weft::inline v0
