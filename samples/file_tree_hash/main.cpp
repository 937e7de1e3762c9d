/// @file
/// The SHA-256 of all files below a folder: a walk, reads ahead, and hashing on all workers.
#include <algorithm>
#include <cstdio>
#include <string>

#include <weft/weft.hpp>

#include "checksum_line.hpp"
#include "hash_tree.hpp"
#include "options.hpp"
#include "program/command_line.hpp"
#include "program/interrupt_watch.hpp"
#include "program/standard_streams.hpp"
#include "progress.hpp"

namespace file_tree_hash {
namespace {

// Each has a file open, and most of them wait for the disk.
constexpr unsigned kMostLanes = 128;

int run(const Options& options) {
  const program::InterruptWatch interrupts([] {});
  HashedTree tree;
  {
    weft::Runtime runtime({.workers = options.workers, .io_backend = options.backend});
    const unsigned lanes = std::min(4 * runtime.worker_count(), kMostLanes);
    Progress progress(options.shows_progress);
    try {
      tree = runtime.run(hash_tree(options.paths, lanes, progress, interrupts.stop_token()));
    } catch (const weft::OperationCancelled&) {
      return 128 + interrupts.caught();
    }
  }
  for (const HashedFile& file : tree.files) {
    std::fputs(checksum_line(file.hash, file.path).c_str(), stdout);
  }
  program::finish_standard_output();
  for (const std::string& error : tree.errors) {
    std::fprintf(stderr, "file_tree_hash: %s", error_line(error).c_str());
  }
  return tree.errors.empty() ? 0 : 1;
}

}  // namespace
}  // namespace file_tree_hash

int main(int argc, char** argv) {
  using namespace file_tree_hash;
  return program::run_program("file_tree_hash", [&] {
    const ParsedOptions parsed = parse_options(argc, argv);
    return parsed.exit_status ? *parsed.exit_status : run(parsed.options);
  });
}
