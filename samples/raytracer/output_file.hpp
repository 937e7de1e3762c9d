/// @file
/// A file that appears whole or not at all.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

namespace raytracer {

/// Writes to a temporary file in the same directory and renames it over the final name.
///
/// Without commit() the destructor removes what was written, and the old file stays as it was.
class OutputFile {
 public:
  /// Errors: InputError when the directory does not take files, or the name is something else
  ///         than a regular file. A symbolic link is followed.
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  [[nodiscard]] std::FILE* stream() const { return stream_; }
  /// Puts the file in place.
  ///
  /// Errors: InputError, for instance when the disk is full; then nothing is left behind.
  void commit();

 private:
  std::string name_;
  std::filesystem::path final_;
  std::filesystem::path temporary_;
  std::FILE* stream_ = nullptr;
};

/// Throws an InputError if a file could not be written there; leaves nothing behind.
void check_writable(const std::filesystem::path& path);

}  // namespace raytracer
