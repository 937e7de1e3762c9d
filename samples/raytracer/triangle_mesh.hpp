/// @file
/// A mesh as files hold it: shared vertices, triangles by index, materials by name.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "material.hpp"
#include "vec.hpp"

namespace raytracer {

struct TriangleMesh {
  /// The material of triangles for which the file names none.
  static constexpr std::uint32_t kNoMaterial = 0xFFFF'FFFFU;
  using Indices = std::array<std::uint32_t, 3>;

  std::vector<Vec3> positions;
  std::vector<Indices> triangles;
  /// An index into palette for each triangle, or kNoMaterial; empty: none has one.
  std::vector<std::uint32_t> materials;
  std::vector<Material> palette;
  /// What the reader ignored or guessed, one sentence each.
  std::vector<std::string> warnings;

  void add_triangle(Indices indices, std::uint32_t material = kNoMaterial) {
    triangles.push_back(indices);
    if (material != kNoMaterial || !materials.empty()) {
      materials.resize(triangles.size() - 1, kNoMaterial);
      materials.push_back(material);
    }
  }
  [[nodiscard]] std::uint32_t material_of(std::size_t triangle) const {
    return materials.empty() ? kNoMaterial : materials[triangle];
  }
};

}  // namespace raytracer
