/// @file
/// MTL: the materials of an OBJ file.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "material.hpp"

namespace raytracer {

struct MaterialLibrary {
  std::vector<std::pair<std::string, Material>> materials;
  std::vector<std::string> warnings;
};

/// Reads the materials of an MTL file. MTL describes a shading model of 1990; it becomes
///
///   Ke                        light of that radiance
///   d < 0.6, Tr > 0.4,
///   or illum 4, 6, 7, 9       glass with index Ni, tinted by Kd
///   illum 3, 5, 8 or Pm >= 0.5, or Ks bright and Kd dark
///                             metal of colour Ks (Kd with Pm)
///   Ks above 0.02             glossy, roughness from Ns (or Pr)
///   otherwise                 diffuse, colour Kd
///
/// Errors: InputError for numbers that are none. Textures make one warning.
[[nodiscard]] MaterialLibrary parse_mtl(std::string_view text, const std::string& file);

}  // namespace raytracer
