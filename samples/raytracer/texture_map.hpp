/// @file
/// What an MTL says of a texture: the file, and how it lies on the surface.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "texture.hpp"

namespace raytracer {

struct TextureMap {
  /// As the MTL names it, from where the MTL is; empty: none.
  std::filesystem::path file;
  /// What the coordinates of a vertex are multiplied by, and what is added then.
  Uv scale{1.0F, 1.0F};
  Uv offset{0.0F, 0.0F};
  Wrap wrap = Wrap::Repeat;
  /// The first option that is not supported; empty: none.
  std::string ignored_option;

  /// Says where on the texture a vertex with these coordinates is.
  [[nodiscard]] Uv place_of(Uv vertex) const { return vertex * scale + offset; }
};

/// Reads what follows `map_Kd`: options, then the name of a file, spaces and all.
///
///   -s u [v [w]]    multiplies coordinates
///   -o u [v [w]]    is added to them
///   -clamp on|off   no repetition beyond the edges
///
/// All other options are skipped.
[[nodiscard]] TextureMap parse_texture_map(std::string_view statement);

/// Makes a path of a name in a file, which may come from Windows and have backslashes.
[[nodiscard]] std::filesystem::path portable_path(std::string_view name);

}  // namespace raytracer
