#include "bsdf.hpp"

#include <algorithm>
#include <cmath>

#include "sampling.hpp"

namespace raytracer {
namespace {

/// The clear coat of glossy materials.
constexpr float kCoatIor = 1.5F;

/// Microfacets with the GGX distribution.
struct Ggx {
  float alpha;

  explicit Ggx(float roughness) : alpha(std::max(roughness * roughness, 2e-3F)) {}

  [[nodiscard]] float distribution(Vec3 h) const {
    const float c2 = h.z * h.z;
    // Written so that nothing cancels when the half vector is next to the normal.
    const float s = (h.x * h.x + h.y * h.y) / (alpha * alpha) + c2;
    return 1.0F / (kPi * alpha * alpha * s * s);
  }
  [[nodiscard]] float lambda(Vec3 v) const {
    const float c2 = v.z * v.z;
    const float t2 = (v.x * v.x + v.y * v.y) / std::max(c2, 1e-12F);
    return 0.5F * (std::sqrt(1.0F + alpha * alpha * t2) - 1.0F);
  }
  /// Density of sample() in half vectors' reflections.
  [[nodiscard]] float pdf(Vec3 o, Vec3 h) const {
    return distribution(h) / ((1.0F + lambda(o)) * 4.0F * o.z);
  }
  /// Samples the half vectors visible from `o` by spherical caps (Dupuy and Benyoub, 2023).
  [[nodiscard]] Vec3 sample(Vec3 o, Sample2 u) const {
    const Vec3 w = normalize({o.x * alpha, o.y * alpha, o.z});
    const float phi = 2.0F * kPi * u.x;
    const float z = (1.0F - u.y) * (1.0F + w.z) - w.z;
    const float s = std::sqrt(std::clamp(1.0F - z * z, 0.0F, 1.0F));
    const Vec3 h{s * std::cos(phi) + w.x, s * std::sin(phi) + w.y, z + w.z};
    return normalize({h.x * alpha, h.y * alpha, std::max(h.z, 1e-6F)});
  }
};

Color fresnel_metal(Color head_on, float cosine) {
  const float c = std::clamp(1.0F - cosine, 0.0F, 1.0F);
  const float c2 = c * c;
  return lerp(head_on, {1.0F, 1.0F, 1.0F}, c2 * c2 * c);
}

BsdfValue evaluate_diffuse(Color albedo, Vec3 i) { return {albedo * (i.z / kPi), i.z / kPi}; }

BsdfValue evaluate_metal(const Bsdf& bsdf, Vec3 o, Vec3 i) {
  const Ggx ggx(bsdf.roughness);
  const Vec3 h = normalize(o + i);
  const float shape = ggx.distribution(h) / (1.0F + ggx.lambda(o) + ggx.lambda(i));
  return {fresnel_metal(bsdf.base, dot(o, h)) * (shape / (4.0F * o.z)), ggx.pdf(o, h)};
}

/// How often a glossy material samples its coat.
float coat_probability(const Bsdf& bsdf, Vec3 o) {
  const float coat = fresnel_dielectric(o.z, kCoatIor);
  const float below = (1.0F - coat) * max_component(bsdf.base);
  return std::clamp(coat / (coat + below + 1e-6F), 0.15F, 0.95F);
}

/// Adds the coat's reflection to what the layer below scatters: light pays the coat on the way in
/// and on the way out.
BsdfValue evaluate_glossy(const Bsdf& bsdf, Vec3 o, Vec3 i) {
  const Ggx ggx(bsdf.roughness);
  const Vec3 h = normalize(o + i);
  const float shape = ggx.distribution(h) / (1.0F + ggx.lambda(o) + ggx.lambda(i));
  const float coat = fresnel_dielectric(dot(o, h), kCoatIor) * shape / (4.0F * o.z);
  const float through =
      (1.0F - fresnel_dielectric(o.z, kCoatIor)) * (1.0F - fresnel_dielectric(i.z, kCoatIor));
  const float p = coat_probability(bsdf, o);
  return {Color{coat, coat, coat} + bsdf.base * (through * i.z / kPi),
          p * ggx.pdf(o, h) + (1.0F - p) * i.z / kPi};
}

BsdfSample sample_glass(const Bsdf& bsdf, Vec3 o, float choice) {
  const float eta = bsdf.is_front ? bsdf.material->ior : 1.0F / bsdf.material->ior;
  const float reflected = fresnel_dielectric(o.z, eta);
  if (choice < reflected) return {{-o.x, -o.y, o.z}, {1.0F, 1.0F, 1.0F}, 1.0F};
  const float cos2 = 1.0F - (1.0F - o.z * o.z) / (eta * eta);
  const Vec3 through{-o.x / eta, -o.y / eta, -std::sqrt(std::max(cos2, 0.0F))};
  return {normalize(through), bsdf.is_front ? bsdf.base : Color{1.0F, 1.0F, 1.0F}, 1.0F};
}

}  // namespace

float fresnel_dielectric(float cosine, float eta) {
  const float c = std::clamp(cosine, 0.0F, 1.0F);
  const float g2 = eta * eta - 1.0F + c * c;
  if (g2 <= 0.0F) return 1.0F;
  const float g = std::sqrt(g2);
  const float a = (g - c) / (g + c);
  const float b = (c * (g + c) - 1.0F) / (c * (g - c) + 1.0F);
  return 0.5F * a * a * (1.0F + b * b);
}

BsdfValue evaluate_bsdf(const Bsdf& bsdf, Vec3 outgoing, Vec3 incoming) {
  if (outgoing.z <= 0.0F || incoming.z <= 0.0F || bsdf.is_delta()) return {};
  switch (bsdf.material->kind) {
    case MaterialKind::Diffuse:
      return evaluate_diffuse(bsdf.base, incoming);
    case MaterialKind::Glossy:
      return evaluate_glossy(bsdf, outgoing, incoming);
    case MaterialKind::Metal:
      return evaluate_metal(bsdf, outgoing, incoming);
    case MaterialKind::Glass:
    case MaterialKind::Emissive:
      break;
  }
  return {};
}

BsdfSample sample_bsdf(const Bsdf& bsdf, Vec3 outgoing, Sample2 u, float choice) {
  if (outgoing.z <= 0.0F) return {};
  const Vec3 mirrored{-outgoing.x, -outgoing.y, outgoing.z};
  Vec3 incoming;
  switch (bsdf.material->kind) {
    case MaterialKind::Glass:
      return sample_glass(bsdf, outgoing, choice);
    case MaterialKind::Emissive:
      return {};
    case MaterialKind::Diffuse: {
      incoming = sample_cosine_hemisphere(u);
      return {incoming, bsdf.base, incoming.z / kPi};
    }
    case MaterialKind::Metal:
      if (bsdf.is_delta()) return {mirrored, fresnel_metal(bsdf.base, outgoing.z), 1.0F};
      incoming = reflect(outgoing, Ggx(bsdf.roughness).sample(outgoing, u));
      break;
    case MaterialKind::Glossy:
      incoming = choice < coat_probability(bsdf, outgoing)
                     ? reflect(outgoing, Ggx(bsdf.roughness).sample(outgoing, u))
                     : sample_cosine_hemisphere(u);
      break;
  }
  const BsdfValue value = evaluate_bsdf(bsdf, outgoing, incoming);
  if (!(value.pdf > 0.0F)) return {};
  return {incoming, value.value / value.pdf, value.pdf};
}

}  // namespace raytracer
