/// @file
/// Which processors a machine has, how they lie to each other, and which of them a process may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/platform.hpp>

namespace weft::inline v0 {

enum class CoreKind : std::uint8_t { Performance, Efficiency };

/// A machine as plain data. Its parts refer to each other by their place in the vectors.
///
/// The order is that of the hardware: processors of one core stand together, and so do the cores of one cache, the caches of one node and
/// the nodes of one package, as far as these are nested; a cache may be shared by several nodes, and a node may reach over several packages.
///
/// Threads:  as any value.
/// Example:  samples/topology
struct Topology {
  struct Package {
    unsigned os_index = 0;
    bool operator==(const Package&) const = default;
  };
  /// A NUMA node. There may be some without processors.
  struct Node {
    unsigned os_index = 0;
    std::uint64_t memory = 0;         ///< bytes; 0: unknown
    std::vector<unsigned> distances;  ///< to each node, by its place in `nodes`, as firmware gives them (10: itself); empty: unknown
    bool operator==(const Node&) const = default;
  };
  /// The cores that share a last-level cache. Where there is none, those of a node and package are one domain.
  struct L3Domain {
    std::uint64_t bytes = 0;  ///< 0: unknown
    bool operator==(const L3Domain&) const = default;
  };
  struct Core {
    unsigned package = 0;
    unsigned node = 0;
    unsigned l3 = 0;
    CoreKind kind = CoreKind::Performance;
    unsigned clock_class = 0;  ///< 0: those of its kind that reach the highest clock; 1: the next
    bool operator==(const Core&) const = default;
  };
  /// A processor as the kernel counts them: a hardware thread of a core.
  struct Pu {
    unsigned os_index = 0;
    unsigned core = 0;
    bool is_allowed = true;  ///< by the affinity mask and the cpuset
    bool operator==(const Pu&) const = default;
  };

  std::vector<Package> packages;
  std::vector<Node> nodes;
  std::vector<L3Domain> l3s;
  std::vector<Core> cores;
  std::vector<Pu> pus;
  std::vector<unsigned> offline;  ///< processors that are switched off, as the kernel counts them; nobody knows their cores
  double quota = 0;               ///< processors' worth of time that the cgroup grants; 0: no limit
  std::string source;             ///< where it comes from, for people; not compared
  bool is_this_machine = false;   ///< whether threads can be bound to these processors; not compared

  /// This machine, as hwloc sees it if weft was built with it, else from sysfs; with the limits of this process.
  ///
  /// Errors: none; what cannot be read is left out. At the least there are as many cores as the affinity mask has processors.
  /// Cost:   some milliseconds.
  [[nodiscard]] WEFT_API static Topology detect();

  /// A machine from a file that `lstopo --of xml` has written.
  ///
  /// Errors: UsageError that says why when the file cannot be read, or when weft was built without hwloc.
  [[nodiscard]] WEFT_API static Topology from_xml(const std::filesystem::path& file);

  /// A machine from a description: see lib/topo/README.md, "the language".
  ///
  ///   parse("package:2 node:2 l3:2 core:4 pu:2")
  ///
  /// Errors: UsageError that names the line and says what is wrong with it.
  [[nodiscard]] WEFT_API static Topology parse(std::string_view description);

  /// In the language that parse() reads: parse(describe()) is equal to what it describes.
  [[nodiscard]] WEFT_API std::string describe() const;

  /// Refuses what does not fit together. Whoever plans for a machine calls it, so that one put together by hand may have mistakes.
  ///
  /// Errors: UsageError that names the first element that is wrong, and says what is wrong with it: a place that is outside its vector, distances to
  ///         more or fewer nodes than there are, two parts with the same number of the kernel, a quota that is negative, infinite or not a number, no
  ///         processor that is allowed. Not looked at: the values of distances, numbers in `offline` that processors have as well, the order of the
  ///         parts, `source`.
  /// Cost:   20 to 100 us for 1024 processors.
  WEFT_API void check() const;

  /// How many processors are allowed.
  [[nodiscard]] WEFT_API unsigned allowed_pus() const noexcept;

  WEFT_API bool operator==(const Topology& other) const noexcept;
};

}  // namespace weft::inline v0
