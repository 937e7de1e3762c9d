/// @file
/// A line as sha256sum prints it.
#pragma once

#include <string>

namespace file_tree_hash {

/// "<hash>  <path>", and the end of the line. A path that would break the line, or look like one
/// that was escaped, is escaped, and a backslash before the hash says so.
[[nodiscard]] std::string checksum_line(const std::string& hash, const std::string& path);

}  // namespace file_tree_hash
