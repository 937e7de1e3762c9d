/// @file
/// Reads meshes from files.
#pragma once

#include <filesystem>

#include <weft/coro/task.hpp>

#include "triangle_mesh.hpp"

namespace raytracer {

/// Reads an STL, PLY or OBJ file, by its extension; the materials that an OBJ names are read
/// several at a time.
///
/// Post:   there is at least one triangle, all indices are in range, all positions finite.
/// Errors: InputError with one sentence that names the file.
[[nodiscard]] weft::Task<TriangleMesh> load_mesh(std::filesystem::path path);

}  // namespace raytracer
