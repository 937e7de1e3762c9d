/// @file
/// The port: where the old code meets fibers, coroutines and blocking calls.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <weft/weft.hpp>

#include "changelog.hpp"
#include "hand_over.hpp"
#include "slow_call.hpp"
#include "store.hpp"

namespace legacy_port {

/// The stack of a fiber on which the parser runs. It recurses as deep as items are nested.
inline constexpr std::size_t kParserStack = 256 * 1024;

/// What became of the files.
struct ImportResult {
  /// Rows of the database: what is named twice, or in several files, counts once.
  std::size_t files = 0;
  std::size_t entries = 0;
  std::size_t bugs = 0;
  /// Files that are no Debian changelogs, if such are passed over.
  std::size_t passed_over = 0;
  /// Those that go on in another format, as many do that are older than 1997.
  std::size_t broken_off = 0;
  /// A sentence each for files that could not be read, if such are passed over.
  std::vector<std::string> warnings;
};

struct ImportSettings {
  CallMode calls;
  /// Whether a file with something wrong is passed over. If not, the first one ends the import.
  bool is_lenient = false;
  /// Files that are read at the same time.
  unsigned lanes = 8;
  std::stop_token stop;
};

/// Reads changelogs into a database.
///
/// For each file a coroutine inflates it, block by block, while the parser pulls the blocks on a
/// fiber, which writes the entries into the database; meanwhile another coroutine looks for the
/// bugs that they close, and writes those. The mutex of the database is shared by fibers and
/// coroutines, and one counter counts both.
class Import {
 public:
  /// Lifetime: `store` and `files` outlive it.
  Import(Store& store, const std::vector<std::string>& files, const ImportSettings& settings);

  /// Reads them all. After a stop request what has been begun may be missing.
  ///
  /// Errors: program::InputError of a file or of the database.
  weft::Task<ImportResult> run();

 private:
  struct Parsed {
    std::vector<changelog::Entry> entries;
    std::optional<changelog::Mistake> mistake;
    std::exception_ptr error;  // that reading failed with
    bool is_stopped = false;
  };

  // ---- on fibers ----
  void lane();
  void import_file(const std::string& name);
  Parsed parse(HandOver& blocks) noexcept;

  // ---- coroutines ----
  weft::Task<> inflate(std::string name, HandOver& blocks);
  weft::Task<> add_bugs(std::vector<changelog::Entry> entries);

  [[nodiscard]] const std::string* next_file() noexcept;
  [[nodiscard]] bool is_stopped() const { return stop_.stop_requested(); }

  const std::vector<std::string>& files_;
  const ImportSettings settings_;
  std::atomic<std::size_t> begun_{0};  // of files_
  std::stop_source stop_;
  weft::Counter work_;  // lanes, and coroutines that they have left behind
  weft::Mutex mutex_;
  // ---- guarded by mutex_ ----
  Store& store_;
  ImportResult result_;
};

/// Finds "Closes: #12, #34" in what an entry says.
[[nodiscard]] std::vector<ClosedBug> closed_bugs(const changelog::Entry& entry);

}  // namespace legacy_port
