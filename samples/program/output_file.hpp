/// @file
/// A file that appears whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace program {

/// Writes to a temporary file in the same directory and renames it over the final name.
///
/// Without commit() the destructor removes what was written, and the old file stays as it was. A
/// file without a name (O_TMPFILE) would not even need that, but can only be given a name that is
/// free, and not every file system has it.
class OutputFile {
 public:
  /// Errors: InputError when the directory does not take files, or the name is something else
  ///         than a regular file. A symbolic link is followed.
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Gives the file that holds what is written until commit(), for whoever opens it by name.
  [[nodiscard]] const std::filesystem::path& temporary() const noexcept { return temporary_; }

  /// Appends these bytes.
  ///
  /// Errors: InputError, for instance when the disk is full.
  void write(std::span<const std::uint8_t> bytes);
  /// Waits until the bytes are safe and puts the file in place.
  ///
  /// Errors: InputError; then nothing is left behind.
  void commit();

 private:
  void make_temporary();
  void keep_mode() const;
  [[noreturn]] void fail(const char* what) const;

  std::string name_;
  std::filesystem::path final_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// Throws an InputError if a file could not be written there; leaves nothing behind.
void check_writable(const std::filesystem::path& path);

/// Removes the temporary files of all output files, for a program that ends this moment.
///
/// Post:    whoever creates, commits or destroys an OutputFile waits for ever.
/// Threads: any.
void remove_unfinished_files();

}  // namespace program
