/// @file
/// Reading a compressed file with zlib, in the blocking style in which zlib reads it.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <string>

namespace legacy_port {

/// A file that is being inflated; one that is not compressed is read as it is. Blocks its thread
/// in every member, and knows nothing of weft.
class GzFile {
 public:
  GzFile() = default;
  ~GzFile();
  GzFile(const GzFile&) = delete;
  GzFile& operator=(const GzFile&) = delete;

  /// Errors: program::InputError, as for read.
  void open(const std::string& name);

  /// Gives the next `most` bytes, or what is left of them; an empty string is the end.
  [[nodiscard]] std::string read(std::size_t most);

 private:
  std::string name_;
  gzFile file_ = nullptr;
};

}  // namespace legacy_port
