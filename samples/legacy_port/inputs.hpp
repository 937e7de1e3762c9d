/// @file
/// Which files are read, and which file may be replaced.
#pragma once

#include <string>
#include <vector>

namespace legacy_port {

/// Gives the changelog*.gz of all packages, sorted. Errors: InputError when there is none.
[[nodiscard]] std::vector<std::string> find_changelogs(const std::string& doc);

/// Throws an InputError if `path` is a file that is not ours to replace: no database, or one that
/// somebody is writing.
void check_replaceable(const std::string& path);

}  // namespace legacy_port
