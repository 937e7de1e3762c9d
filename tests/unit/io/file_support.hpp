/// @file
/// What the tests of files share.
#pragma once

#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/seeded_random.hpp"
#include "unit/io/backends.hpp"

#include <sys/resource.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The smallest block of a FileReader or FileWriter.
inline constexpr std::size_t kBlock = 4096;

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline std::string text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Another one for each size.
inline std::string random_text(std::size_t size) {
  weft_test::SeededRandom random(size);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

/// While it is there, files of this program grow no further: what does not fit is EFBIG.
class LongestFile {
 public:
  explicit LongestFile(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit{bytes, old_limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~LongestFile() {
    ::setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }
  LongestFile(const LongestFile&) = delete;
  LongestFile& operator=(const LongestFile&) = delete;

 private:
  void (*old_handler_)(int);
  rlimit old_limit_{};
};

/// Runs the body with each backend, in a runtime of two workers.
template <class Body>
void with_each_backend(Body body) {
  for (const weft::IoBackend backend : working_backends()) {
    CAPTURE(name_of(backend));
    weft::Runtime rt{{.workers = 2, .io_backend = backend}};
    body(rt);
  }
}
