/// @file
/// The machine as Linux shows it in files.
#pragma once

#include <filesystem>

#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

/// Reads packages, nodes, caches, cores and processors. No processors: there is nothing to read.
///
/// @param devices  /sys/devices, or a folder that looks like it
[[nodiscard]] Topology read_sysfs(const std::filesystem::path& devices);

}  // namespace weft::inline v0
