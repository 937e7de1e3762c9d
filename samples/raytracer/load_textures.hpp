/// @file
/// Reads the textures of a mesh.
#pragma once

#include <cstddef>
#include <filesystem>

#include <weft/coro/task.hpp>

#include "triangle_mesh.hpp"

namespace raytracer {

/// Small files can hold large pictures: so many pixels may have all of a mesh, which take 3 GiB.
inline constexpr std::size_t kMostTexturePixels = std::size_t{1} << 30;

/// Reads the files that the mesh names, from `folder`, several at a time.
///
/// One that cannot be read, or is larger than 16384 x 16384 pixels, or with which all would have more
/// than `most_pixels`, makes a warning, and the plain colours of its materials stand in.
///
/// Lifetime: the mesh stays until it has ended, and is left alone.
[[nodiscard]] weft::Task<> load_textures(TriangleMesh& mesh, std::filesystem::path folder,
                                         std::size_t most_pixels = kMostTexturePixels);

}  // namespace raytracer
