/// @file
/// A mesh as files hold it: shared vertices, triangles by index, materials by name.
#pragma once

#include <array>
#include <cstddef>
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
  /// The normals of each triangle's corners, three a triangle, as the file gives them, of any
  /// length; zero where it gives none; empty: none at all.
  std::vector<Vec3> corner_normals;
  /// What the reader ignored or guessed, one sentence each.
  std::vector<std::string> warnings;

  void add_triangle(Indices indices, std::uint32_t material = kNoMaterial) {
    triangles.push_back(indices);
    if (material != kNoMaterial || !materials.empty()) {
      materials.resize(triangles.size() - 1, kNoMaterial);
      materials.push_back(material);
    }
  }
  /// Gives normals to the triangle that was added last.
  void set_normals(const std::array<Vec3, 3>& normals) {
    corner_normals.resize(triangles.size() * 3 - 3);
    corner_normals.insert(corner_normals.end(), normals.begin(), normals.end());
  }
  [[nodiscard]] std::array<Vec3, 3> normals_of(std::size_t triangle) const {
    // The last triangles may have been added without.
    if (corner_normals.size() < triangle * 3 + 3) return {};
    const auto first = corner_normals.begin() + static_cast<std::ptrdiff_t>(triangle * 3);
    return {first[0], first[1], first[2]};
  }
  [[nodiscard]] std::uint32_t material_of(std::size_t triangle) const {
    return materials.empty() ? kNoMaterial : materials[triangle];
  }
};

}  // namespace raytracer
