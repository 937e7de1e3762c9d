/// @file
/// Both runs over time, as a chart.
#pragma once

#include <string>

#include "chart.hpp"
#include "report.hpp"

namespace spillover {

/// @param remark  on the machine; may be empty
[[nodiscard]] Chart chart_of(const Load& load, double processors, const Outcome& outcome,
                             const std::string& remark);

}  // namespace spillover
