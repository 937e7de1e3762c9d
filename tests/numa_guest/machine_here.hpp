/// @file
/// What the guest should be, from the file that QEMU was started by: machines/*.txt.
#pragma once

#include <weft/topo/pinning.hpp>
#include <weft/topo/topology.hpp>

#include <map>
#include <string>
#include <vector>

namespace weft_test {

/// The strategies that bind workers.
inline constexpr weft::PinningStrategy kBinding[] = {weft::PinningStrategy::Linear, weft::PinningStrategy::AvoidSMT,
                                                     weft::PinningStrategy::CCDIsolation, weft::PinningStrategy::TieredSpillover};

struct MachineHere {
  weft::Topology topology;                             // nodes have the memory that QEMU was told, of which the kernel keeps some
  std::map<std::string, std::vector<unsigned>> plans;  // by the name of the strategy: processors as the kernel counts them

  /// The processor of each worker. Those that are too many begin again at the first.
  [[nodiscard]] std::vector<unsigned> processors(weft::PinningStrategy strategy, unsigned workers) const;
  /// As the kernel counts both.
  [[nodiscard]] int node_of_processor(unsigned processor) const;
};

/// Errors: std::runtime_error when the file is not there or makes no sense.
[[nodiscard]] const MachineHere& machine_here();

}  // namespace weft_test
