/// @file
/// Both runs side by side, as a table.
#pragma once

#include <string>

#include "load_run.hpp"
#include "run_record.hpp"

namespace spillover {

struct Outcome {
  RunRecord all_open;
  RunRecord tiered;
};

/// Ends with the end of a line.
[[nodiscard]] std::string describe_outcome(const Load& load, const Outcome& outcome);

}  // namespace spillover
