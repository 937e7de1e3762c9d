/// @file
/// Scattering of light at a surface. Directions are unit vectors that point away from the surface,
/// in the local space whose z axis is the shading normal.
#pragma once

#include "material.hpp"
#include "rng.hpp"
#include "vec.hpp"

namespace raytracer {

/// A material at one place, seen from one side.
struct Bsdf {
  const Material* material = nullptr;
  Color base;
  float roughness = 0.0F;
  /// Whether the surface is seen from its front; tells glass whether light enters or leaves.
  bool is_front = true;

  /// Says whether light arrives from single directions only, so that lights cannot be sampled.
  [[nodiscard]] bool is_delta() const {
    return material->kind == MaterialKind::Glass ||
           (material->kind == MaterialKind::Metal && roughness < Material::kPolished);
  }
};

struct BsdfValue {
  /// The scattering function times the cosine of the incoming direction.
  Color value;
  /// With which density sample_bsdf() would have chosen the direction.
  float pdf = 0.0F;
};

struct BsdfSample {
  Vec3 incoming;
  /// Value divided by density.
  Color weight;
  /// Zero: no direction, the path ends here.
  float pdf = 0.0F;
};

/// Evaluates the non-delta part.
[[nodiscard]] BsdfValue evaluate_bsdf(const Bsdf& bsdf, Vec3 outgoing, Vec3 incoming);

/// Chooses an incoming direction; `choice` picks the lobe. A delta direction has pdf 1.
[[nodiscard]] BsdfSample sample_bsdf(const Bsdf& bsdf, Vec3 outgoing, Sample2 u, float choice);

/// Gives the share of unpolarised light that a smooth boundary reflects; `eta` is the ratio of the
/// refractive indices, far side over near side.
[[nodiscard]] float fresnel_dielectric(float cosine, float eta);

}  // namespace raytracer
