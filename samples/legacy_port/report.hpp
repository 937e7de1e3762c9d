/// @file
/// What the program prints in the end.
#pragma once

#include <string>
#include <vector>

#include "import.hpp"
#include "store.hpp"
#include "ticker.hpp"

namespace legacy_port {

struct Section {
  std::string title;
  Table table;
};

/// Asks the database. Blocks its thread.
[[nodiscard]] std::vector<Section> query_report(Store& store);

/// Prints aligned columns.
void print_report(const std::vector<Section>& sections);

/// Gives one line: "others started 12 us late (median), 80 us (99 %), 1.2 ms (at most), ...".
[[nodiscard]] std::string describe(const Lateness& lateness, CallMode calls);

}  // namespace legacy_port
