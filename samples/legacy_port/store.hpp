/// @file
/// The database, by SQLite's C interface in the blocking style in which it is used everywhere.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "changelog.hpp"

namespace legacy_port {

/// That an entry says "Closes: #1234".
struct ClosedBug {
  long number = 0;
  std::string package;
  std::string version;
};

/// The answer to a query: its columns' names, then its rows, all as text.
using Table = std::vector<std::vector<std::string>>;

/// Rows that were not there before.
struct Added {
  std::size_t files = 0;
  std::size_t entries = 0;
};

/// Blocks its thread in every member, and knows nothing of weft.
///
/// Threads: one at a time; not always the same.
/// Errors:  program::InputError with SQLite's own words.
class Store {
 public:
  /// Makes the tables in the file `path`, which messages call `name`.
  Store(const std::string& path, std::string name);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Adds what one file holds, in one transaction. An entry that is there already is passed over:
  /// packages that are built together have the same changelog.
  Added add_file(const std::string& file, const std::vector<changelog::Entry>& entries);
  /// The same for bugs. Gives how many were not there.
  std::size_t add_bugs(const std::vector<ClosedBug>& bugs);
  [[nodiscard]] Table query(std::string_view sql);
  /// Post: everything is in the file.
  void close();

 private:
  class Statement;

  void execute(const char* sql);
  [[noreturn]] void fail() const;

  std::string name_;
  sqlite3* database_ = nullptr;
};

}  // namespace legacy_port
