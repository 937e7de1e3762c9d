/// @file
/// Makes meshes of the bytes of files.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "triangle_mesh.hpp"

namespace raytracer {

// Each takes the bytes of a file; `file` is its name for messages.

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
/// Textures are left to whoever reads files: load_textures().
[[nodiscard]] TriangleMesh parse_obj(std::string_view bytes, const std::string& file,
                                     const ReadBeside& read_beside);

/// Finds the names, each once, that parse_obj() may ask for, so that they can be read before.
[[nodiscard]] std::vector<std::string> names_beside_obj(std::string_view bytes);

}  // namespace raytracer
