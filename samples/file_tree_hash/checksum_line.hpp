/// @file
/// Lines with names of files in them: as sha256sum prints it, and of errors.
#pragma once

#include <string>

namespace file_tree_hash {

/// "<hash>  <path>", and the end of the line. A path that would break the line, or look like one
/// that was escaped, is escaped, and a backslash before the hash says so.
[[nodiscard]] std::string checksum_line(const std::string& hash, const std::string& path);

/// An error's text as one line that does nothing to a terminal, whatever the name of a file in it has.
[[nodiscard]] std::string error_line(const std::string& error);

}  // namespace file_tree_hash
