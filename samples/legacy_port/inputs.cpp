#include "inputs.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "program/input_error.hpp"

namespace legacy_port {

namespace fs = std::filesystem;
using program::InputError;

namespace {

bool is_changelog(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.rfind("changelog", 0) == 0 && path.extension() == ".gz";
}

}  // namespace

std::vector<std::string> find_changelogs(const std::string& doc) {
  std::vector<std::string> found;
  std::error_code error;
  fs::directory_iterator packages(doc, error);
  if (error) throw InputError(doc, "it cannot be read: " + error.message());
  for (const fs::directory_entry& package : packages) {
    // A link leads to the folder of another package.
    if (package.is_symlink(error) || !package.is_directory(error)) continue;
    for (const fs::directory_entry& file : fs::directory_iterator(package.path(), error)) {
      if (is_changelog(file.path())) found.push_back(file.path().string());
    }
  }
  if (found.empty()) throw InputError(doc, "no package in it has a changelog*.gz");
  std::sort(found.begin(), found.end());
  return found;
}

void check_replaceable(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return;  // whoever makes the file checks it
  for (const char* ending : {"-wal", "-journal"}) {
    // It would be applied to the new database.
    if (fs::exists(path + ending, error)) {
      throw InputError(path, "it is in use: there is a file " + path + ending);
    }
  }
  const std::string magic("SQLite format 3\0", 16);
  std::string head(magic.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (!file.is_open() || file.gcount() == 0) return;
  if (head != magic) throw InputError(path, "it is no SQLite database, and only such are replaced");
}

}  // namespace legacy_port
