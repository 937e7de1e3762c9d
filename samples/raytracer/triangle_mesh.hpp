/// @file
/// A mesh as files hold it: shared vertices, triangles by index, materials by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "material.hpp"
#include "texture.hpp"
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
  /// The files of the textures that the palette names by index, each once, from where the mesh is.
  std::vector<std::filesystem::path> texture_files;
  /// What was read of them. Before that no texture is here, and after it no material names one that
  /// could not be read.
  std::vector<std::shared_ptr<const Texture>> textures;
  /// Where the corners of triangles are on the textures of their materials; Uv::none() for those of
  /// which the file does not say so, and for all behind the last.
  std::vector<UvCorners> uvs;
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
  /// Gives places on its texture to the triangle that was added last.
  void set_uvs(const UvCorners& corners) {
    uvs.resize(triangles.size() - 1, {Uv::none(), Uv::none(), Uv::none()});
    uvs.push_back(corners);
  }
  [[nodiscard]] std::uint32_t material_of(std::size_t triangle) const {
    return materials.empty() ? kNoMaterial : materials[triangle];
  }
};

}  // namespace raytracer
