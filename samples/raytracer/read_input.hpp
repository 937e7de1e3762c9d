/// @file
/// Reads files that the user named.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <weft/coro/task.hpp>

namespace raytracer {

/// Reads a whole regular file of at most so many bytes.
///
/// Errors: InputError.
[[nodiscard]] weft::Task<std::string> read_input(std::filesystem::path path,
                                                 std::uintmax_t most_bytes);

}  // namespace raytracer
