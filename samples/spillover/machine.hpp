/// @file
/// The machine for which the tiers are planned.
#pragma once

#include <string>

#include <weft/weft.hpp>

namespace spillover {

struct Machine {
  weft::Topology topology;
  unsigned workers;
  double processors;   ///< that there are for the workers
  std::string remark;  ///< one sentence if it is not simply this machine, else empty
};

/// Splits a machine whose cores are all alike in two L3 domains, so that it has tiers. Gives back
/// any other one as it is.
[[nodiscard]] weft::Topology with_tiers(const weft::Topology& machine);

/// @param description  of a machine, in the language of weft::Topology::parse; empty: this one
/// @param workers      0: one for each processor
/// Errors: InputError if the description is none.
[[nodiscard]] Machine choose_machine(const std::string& description, unsigned workers);

}  // namespace spillover
