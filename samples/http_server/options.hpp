/// @file
/// The command line.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include <weft/base/io_backend.hpp>
#include <weft/io/address.hpp>

#include "program/command_line.hpp"

namespace http_server {

/// What one client may take.
struct Limits {
  std::size_t head = 8192;     ///< bytes of the head of a request
  std::size_t body = 1 << 20;  ///< bytes of its body
  std::size_t connections = 10'000;
  std::chrono::milliseconds idle{30'000};    ///< between two requests
  std::chrono::milliseconds request{10'000}; ///< from the first byte of a request to its last
  std::chrono::milliseconds answer{60'000};  ///< for an answer to be taken; of a file, for each 256 KiB
  std::chrono::milliseconds drain{10'000};   ///< for what is under way when the server is to stop
};

struct Options {
  weft::io::SocketAddress address = weft::io::SocketAddress::loopback(8080);
  std::string folder = ".";
  /// Zero: as many as the machine has for this process.
  unsigned workers = 0;
  weft::IoBackend backend = weft::IoBackend::Auto;
  Limits limits;
};

using ParsedOptions = program::Parsed<Options>;

/// Reads the command line. Prints help, or one sentence about a mistake.
[[nodiscard]] ParsedOptions parse_options(int argc, char** argv);

}  // namespace http_server
