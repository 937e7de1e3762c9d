/// @file
/// MTL: the materials of an OBJ file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "material.hpp"
#include "texture_map.hpp"

namespace raytracer {

struct NamedMaterial {
  std::string name;
  Material material;
  /// Says how its texture lies on it; without a file it has none.
  TextureMap map;
};

struct MaterialLibrary {
  std::vector<NamedMaterial> materials;
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
///   map_Kd                    the texture by which Kd is multiplied, Kd being white if it is black
///                             or not there; such a material is a metal by Pm only
///
/// Other maps are not read. Errors: InputError for numbers that are none. Options of map_Kd that are
/// not supported make one warning.
[[nodiscard]] MaterialLibrary parse_mtl(std::string_view text, const std::string& file);

}  // namespace raytracer
