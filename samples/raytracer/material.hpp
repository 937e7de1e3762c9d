/// @file
/// What a surface does with light, as plain data; bsdf.hpp holds the arithmetic.
#pragma once

#include <cmath>
#include <cstdint>

#include "texture.hpp"
#include "vec.hpp"

namespace raytracer {

enum class MaterialKind : std::uint8_t {
  /// Scatters evenly in all directions.
  Diffuse,
  /// Is diffuse below a clear coat that reflects like plastic or lacquer.
  Glossy,
  /// Reflects only, in its own colour.
  Metal,
  /// Reflects and refracts; light is absorbed on the way through.
  Glass,
  /// Gives light and reflects none.
  Emissive,
};

/// A colour that depends on the place on the surface.
enum class Pattern : std::uint8_t {
  None,
  /// Squares on the x-z plane, in base and second colour.
  Checker,
  /// Rings around the y axis, in base and second colour.
  Rings,
};

struct Material {
  static constexpr std::uint32_t kNoTexture = 0xFFFF'FFFFU;

  MaterialKind kind = MaterialKind::Diffuse;
  Pattern pattern = Pattern::None;
  Wrap wrap = Wrap::Repeat;
  /// By which the base colour is multiplied: an index into the textures of the scene or mesh.
  std::uint32_t texture = kNoTexture;
  /// Albedo, a metal's reflectance seen head-on, or the tint of glass.
  Color base{0.8F, 0.8F, 0.8F};
  Color second{0.2F, 0.2F, 0.2F};
  float pattern_size = 1.0F;
  /// 0: polished, 1: matt. Metals below kPolished are perfect mirrors.
  float roughness = 0.5F;
  float ior = 1.5F;
  /// What glass takes away per unit of length.
  Color absorption{0.0F, 0.0F, 0.0F};
  Color emission{0.0F, 0.0F, 0.0F};

  static constexpr float kPolished = 0.03F;

  [[nodiscard]] static Material diffuse(Color albedo) {
    Material m;
    m.base = albedo;
    return m;
  }
  [[nodiscard]] static Material glossy(Color albedo, float roughness) {
    Material m = diffuse(albedo);
    m.kind = MaterialKind::Glossy;
    m.roughness = roughness;
    return m;
  }
  [[nodiscard]] static Material metal(Color reflectance, float roughness) {
    Material m = glossy(reflectance, roughness);
    m.kind = MaterialKind::Metal;
    return m;
  }
  [[nodiscard]] static Material glass(float ior, Color absorption = {}) {
    Material m;
    m.kind = MaterialKind::Glass;
    m.base = {1.0F, 1.0F, 1.0F};
    m.ior = ior;
    m.absorption = absorption;
    return m;
  }
  [[nodiscard]] static Material emissive(Color radiance) {
    Material m;
    m.kind = MaterialKind::Emissive;
    m.emission = radiance;
    return m;
  }

  [[nodiscard]] bool has_texture() const { return texture != kNoTexture; }
  [[nodiscard]] bool is_emissive() const { return max_component(emission) > 0.0F; }

  [[nodiscard]] Color color_at(Vec3 p) const {
    if (pattern == Pattern::None) return base;
    float cell = 0.0F;
    if (pattern == Pattern::Checker) {
      cell = std::floor(p.x / pattern_size) + std::floor(p.z / pattern_size);
    } else {
      cell = std::floor(std::sqrt(p.x * p.x + p.z * p.z) / pattern_size);
    }
    const float half = cell * 0.5F;
    return half == std::floor(half) ? base : second;
  }
};

}  // namespace raytracer
