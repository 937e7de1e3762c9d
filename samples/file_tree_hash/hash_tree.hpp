/// @file
/// Finds files and hashes them: what the sample is about.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include <weft/weft.hpp>

#include "progress.hpp"

namespace file_tree_hash {

struct HashedFile {
  std::string path;
  std::string hash;
};

struct HashedTree {
  /// Sorted by path, byte for byte.
  std::vector<HashedFile> files;
  /// A sentence each for what could not be read, in this order too.
  std::vector<std::string> errors;
};

/// Hashes the files among the paths, and the regular files below the folders among them.
///
/// What cannot be read is an error among others. A link is followed only if it is one of the paths.
/// @param lanes  files that are read at the same time
/// Errors: weft::OperationCancelled after a stop request; std::bad_alloc.
weft::Task<HashedTree> hash_tree(std::vector<std::string> paths, unsigned lanes, Progress& progress,
                                 std::stop_token stop);

}  // namespace file_tree_hash
