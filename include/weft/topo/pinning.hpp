/// @file
/// Which worker runs on which processor: five strategies, as plans that can be looked at before anything is bound.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weft/base/platform.hpp>
#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

/// How workers are bound to processors. lib/topo/README.md has a paragraph on each.
enum class PinningStrategy : std::uint8_t {
  None,            ///< the kernel moves them as it likes
  Linear,          ///< one worker after the other, by the numbers of the kernel
  AvoidSMT,        ///< one for each core, before any core gets two
  CCDIsolation,    ///< as few L3 domains as will do
  TieredSpillover  ///< in tiers, from the cores of one L3 domain to SMT siblings, which are opened under load
};

[[nodiscard]] WEFT_API const char* name_of(PinningStrategy strategy) noexcept;

/// What the processors of a tier have in common.
enum class TierKind : std::uint8_t {
  All,         ///< no tiers: all workers, which are always open
  HomeDomain,  ///< one for each core of the first L3 domain; always open
  SameNode,    ///< one for each core of the node's other L3 domains
  OtherNodes,  ///< one for each core of the other NUMA nodes
  Siblings,    ///< the other hardware threads of all these cores
  Surplus      ///< more workers than processors
};

[[nodiscard]] WEFT_API const char* name_of(TierKind kind) noexcept;

/// Where each worker is to run. The workers of one tier stand together, the first tier first.
struct PinningPlan {
  /// Workers that are opened and closed together.
  struct Tier {
    std::string name;      ///< of its kind, for people: "home L3 domain"
    unsigned first = 0;    ///< its first worker
    unsigned count = 0;
    TierKind kind = TierKind::All;
    bool operator==(const Tier&) const = default;
  };

  PinningStrategy strategy = PinningStrategy::None;
  unsigned workers = 0;
  std::vector<unsigned> pus;  ///< of each worker, by its place in Topology::pus; empty: workers are not bound
  std::vector<Tier> tiers;

  /// For people: each tier with its workers and processors.
  [[nodiscard]] WEFT_API std::string describe(const Topology& machine) const;
  bool operator==(const PinningPlan&) const = default;
};

/// Plans for a number of workers. With more workers than allowed processors, those that are too many begin again at the first processor, in a tier
/// of their own if there are tiers.
///
/// Pre:    workers > 0.
/// Errors: UsageError of Topology::check(); none for PinningStrategy::None, which does not look at the machine.
/// Cost:   below 10 ms for 1024 processors.
[[nodiscard]] WEFT_API PinningPlan plan_pinning(const Topology& machine, PinningStrategy strategy, unsigned workers);

/// The other workers in the order in which this one steals from them, in rings: all of a ring are equally far. Nearest first: the same core, the
/// same L3 domain, the same node, the same package, then other nodes by their distance.
///
/// Pre: the plan binds its workers, and was made for this machine.
[[nodiscard]] WEFT_API std::vector<std::vector<unsigned>> steal_rings(const Topology& machine, const PinningPlan& plan, unsigned worker);

}  // namespace weft::inline v0
