// Whether the parts of a machine fit together.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/refuse.hpp"
#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

namespace {

/// @param part, at, member  which place it is, as it stands in a program: cores[at].node
/// @param of                the vector in which it is a place
template <class Parts>
void check_place(const char* part, std::size_t at, const char* member, unsigned place, const char* of, const Parts& parts) {
  if (place < parts.size()) return;
  refuse("Topology::", part, "[", at, "].", member, " is ", place, ", and there is no ", of, "[", place, "]: ", of, " has ", parts.size(),
         parts.size() == 1 ? " element" : " elements");
}

/// @param parts  packages, nodes or processors
template <class Parts>
void check_numbers(const char* part, const Parts& parts) {
  std::vector<std::pair<unsigned, std::size_t>> numbers;
  numbers.reserve(parts.size());
  for (std::size_t at = 0; at < parts.size(); ++at) numbers.emplace_back(parts[at].os_index, at);
  std::sort(numbers.begin(), numbers.end());
  const auto found = std::adjacent_find(numbers.begin(), numbers.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (found == numbers.end()) return;
  refuse("Topology::", part, "[", found->second, "] and ", part, "[", (found + 1)->second, "] have the same os_index ", found->first,
         "; the kernel gives each a number of its own");
}

void check_distances(const std::vector<Topology::Node>& nodes) {
  for (std::size_t at = 0; at < nodes.size(); ++at) {
    const std::size_t count = nodes[at].distances.size();
    if (count == 0 || count == nodes.size()) continue;
    refuse("Topology::nodes[", at, "].distances has ", count, count == 1 ? " element" : " elements", " for ", nodes.size(),
           nodes.size() == 1 ? " node" : " nodes", "; there is one for each node, or none if they are unknown");
  }
}

}  // namespace

void Topology::check() const {
  for (std::size_t at = 0; at < cores.size(); ++at) {
    check_place("cores", at, "package", cores[at].package, "packages", packages);
    check_place("cores", at, "node", cores[at].node, "nodes", nodes);
    check_place("cores", at, "l3", cores[at].l3, "l3s", l3s);
  }
  for (std::size_t at = 0; at < pus.size(); ++at) check_place("pus", at, "core", pus[at].core, "cores", cores);
  check_numbers("packages", packages);
  check_numbers("nodes", nodes);
  check_numbers("pus", pus);
  check_distances(nodes);
  if (!(quota >= 0) || std::isinf(quota)) {
    refuse("Topology::quota is ", quota, "; it is so many processors' worth of time, and 0 where there is no limit");
  }
  if (allowed_pus() == 0) refuse("the Topology has no processor that is allowed, so no worker could run on it");
}

}  // namespace weft::inline v0
