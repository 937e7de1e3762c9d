/// @file
/// The machine as hwloc sees it, if weft was built with it.
#pragma once

#include <filesystem>
#include <optional>

#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

/// This machine. Nothing: there is no hwloc, or it failed.
[[nodiscard]] std::optional<Topology> read_hwloc();

/// A machine from a file of lstopo. Errors: UsageError.
[[nodiscard]] Topology read_hwloc_xml(const std::filesystem::path& file);

}  // namespace weft::inline v0
