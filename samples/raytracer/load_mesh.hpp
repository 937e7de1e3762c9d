/// @file
/// Reads meshes from files.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "triangle_mesh.hpp"

namespace raytracer {

/// Reads an STL, PLY or OBJ file, by its extension.
///
/// Post:   there is at least one triangle, all indices are in range, all positions finite.
/// Errors: InputError with one sentence that names the file.
[[nodiscard]] TriangleMesh load_mesh(const std::filesystem::path& path);

// The readers behind it take the bytes of a file; `file` is its name for messages.

/// Reads binary or ASCII STL; tells them apart by size and content, since headers lie.
[[nodiscard]] TriangleMesh parse_stl(std::string_view bytes, const std::string& file);

/// Reads PLY: ASCII, binary little-endian or binary big-endian.
[[nodiscard]] TriangleMesh parse_ply(std::string_view bytes, const std::string& file);

struct NamedText {
  std::string file;  ///< for messages
  std::string text;
};

/// Gives a file that lies beside the one being read; none if it cannot be read.
using ReadBeside = std::function<std::optional<NamedText>(std::string_view name)>;

/// Reads OBJ; materials come from the MTL files it names. One that is missing makes a warning.
[[nodiscard]] TriangleMesh parse_obj(std::string_view bytes, const std::string& file,
                                     const ReadBeside& read_beside);

/// Reads a whole regular file.
///
/// Errors: InputError.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace raytracer
