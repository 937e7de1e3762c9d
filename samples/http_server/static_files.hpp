/// @file
/// Files below one folder, and none outside it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <weft/io/descriptor.hpp>

namespace http_server {

struct OpenFile {
  weft::io::Descriptor file;
  std::uint64_t size = 0;
  const char* type = "application/octet-stream";
  std::optional<std::string> content = std::nullopt;  ///< of a small file: then it is sent together with the head of the answer, in one piece
};

/// Threads: any.
class StaticFiles {
 public:
  /// Errors: program::InputError if it is no folder, or openat2 does not work here.
  explicit StaticFiles(const std::string& folder);

  /// Opens a file, and reads it if it is small; of a folder its index.html. Nothing: there is no regular file that may be read. It blocks.
  ///
  /// The kernel looks that no link leads out of the folder, whatever the path says (openat2, RESOLVE_BENEATH).
  /// @param path  begins with '/', as parse_path() gives it
  /// Errors: std::system_error for all that is not the path's fault: limits of the machine, a disk that cannot be read.
  [[nodiscard]] std::optional<OpenFile> open(std::string_view path) const;

 private:
  weft::io::Descriptor folder_;
};

}  // namespace http_server
