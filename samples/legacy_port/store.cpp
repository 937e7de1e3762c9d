#include "store.hpp"

#include <utility>

#include "program/input_error.hpp"

namespace legacy_port {

namespace {

// There is no journal file that could be left behind: the whole database is thrown away if the
// program ends early. synchronous stays as it is, so that each commit waits for the disk.
constexpr const char* kTables = R"(
  PRAGMA journal_mode = MEMORY;
  CREATE TABLE files (path TEXT PRIMARY KEY, entries INTEGER NOT NULL);
  CREATE TABLE entries (
    package TEXT NOT NULL,
    version TEXT NOT NULL,
    distribution TEXT NOT NULL,
    urgency TEXT NOT NULL,
    maintainer TEXT NOT NULL,
    email TEXT NOT NULL,
    date TEXT,
    items INTEGER NOT NULL,
    PRIMARY KEY (package, version)
  );
  CREATE TABLE closed_bugs (
    bug INTEGER NOT NULL,
    package TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (bug, package, version)
  );
)";

}  // namespace

/// A prepared statement, from prepare to finalize.
class Store::Statement {
 public:
  Statement(Store& store, std::string_view sql) : store_(store) {
    if (sqlite3_prepare_v2(store.database_, sql.data(), static_cast<int>(sql.size()), &statement_,
                           nullptr) != SQLITE_OK) {
      store.fail();
    }
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Sets the parameters, from the first. Texts have to live until the statement is reset.
  template <class... Values>
  void bind(const Values&... values) {
    int at = 0;
    (bind_one(++at, values), ...);
  }

  /// Gives whether there is a row.
  [[nodiscard]] bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) store_.fail();
    return code == SQLITE_ROW;
  }

  /// Inserts one row. Gives how many there are more of: none if it was there already.
  [[nodiscard]] std::size_t insert() {
    while (step()) {
    }
    sqlite3_reset(statement_);
    return static_cast<std::size_t>(sqlite3_changes(store_.database_));
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (int i = 0; i < sqlite3_column_count(statement_); ++i) {
      names.emplace_back(sqlite3_column_name(statement_, i));
    }
    return names;
  }

  [[nodiscard]] std::vector<std::string> row() const {
    std::vector<std::string> row;
    for (int i = 0; i < sqlite3_column_count(statement_); ++i) {
      const unsigned char* const text = sqlite3_column_text(statement_, i);
      row.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
    }
    return row;
  }

 private:
  void bind_one(int at, const std::string& text) {
    check(sqlite3_bind_text(statement_, at, text.data(), static_cast<int>(text.size()),
                            SQLITE_STATIC));
  }
  void bind_one(int at, sqlite3_int64 number) { check(sqlite3_bind_int64(statement_, at, number)); }
  void bind_one(int at, std::nullptr_t) { check(sqlite3_bind_null(statement_, at)); }
  void check(int code) {
    if (code != SQLITE_OK) store_.fail();
  }

  Store& store_;
  sqlite3_stmt* statement_ = nullptr;
};

Store::Store(const std::string& path, std::string name) : name_(std::move(name)) {
  // SQLite need not lock: see Threads.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  try {
    if (sqlite3_open_v2(path.c_str(), &database_, flags, nullptr) != SQLITE_OK) fail();
    execute(kTables);
  } catch (...) {
    sqlite3_close(database_);
    throw;
  }
}

Store::~Store() { sqlite3_close(database_); }

Added Store::add_file(const std::string& file, const std::vector<changelog::Entry>& entries) {
  execute("BEGIN");
  Statement add(*this, "INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  std::string date;
  Added added;
  for (const changelog::Entry& e : entries) {
    if (changelog::to_iso_date(e.date, date)) {
      add.bind(e.package, e.version, e.distribution, e.urgency, e.maintainer, e.email, date,
               e.items);
    } else {
      add.bind(e.package, e.version, e.distribution, e.urgency, e.maintainer, e.email, nullptr,
               e.items);
    }
    added.entries += add.insert();
  }
  Statement add_file(*this, "INSERT OR IGNORE INTO files VALUES (?, ?)");
  add_file.bind(file, static_cast<sqlite3_int64>(entries.size()));
  added.files = add_file.insert();
  execute("COMMIT");
  return added;
}

std::size_t Store::add_bugs(const std::vector<ClosedBug>& bugs) {
  execute("BEGIN");
  Statement add(*this, "INSERT OR IGNORE INTO closed_bugs VALUES (?, ?, ?)");
  std::size_t added = 0;
  for (const ClosedBug& bug : bugs) {
    add.bind(bug.number, bug.package, bug.version);
    added += add.insert();
  }
  execute("COMMIT");
  return added;
}

Table Store::query(std::string_view sql) {
  Statement statement(*this, sql);
  Table table{statement.names()};
  while (statement.step()) table.push_back(statement.row());
  return table;
}

void Store::close() {
  if (sqlite3_close(database_) != SQLITE_OK) fail();
  database_ = nullptr;
}

void Store::execute(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

void Store::fail() const {
  throw program::InputError(name_, std::string("SQLite says: ") + sqlite3_errmsg(database_));
}

}  // namespace legacy_port
