#include <weft/topo/topology.hpp>

#include <algorithm>

namespace weft::inline v0 {

unsigned Topology::allowed_pus() const noexcept {
  return static_cast<unsigned>(std::count_if(pus.begin(), pus.end(), [](const Pu& pu) { return pu.is_allowed; }));
}

bool Topology::operator==(const Topology& other) const noexcept {
  return packages == other.packages && nodes == other.nodes && l3s == other.l3s && cores == other.cores && pus == other.pus &&
         offline == other.offline && quota == other.quota;
}

}  // namespace weft::inline v0
