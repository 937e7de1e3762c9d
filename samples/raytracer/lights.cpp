#include "lights.hpp"

#include <algorithm>
#include <cmath>

#include "sampling.hpp"

namespace raytracer {
namespace {

constexpr std::uint32_t kNoLight = 0xFFFF'FFFFU;

/// 1 - cosine of the half angle under which a sphere is seen, from outside.
float sphere_cap(const Sphere& sphere, float distance2) {
  const float sin2 = sphere.radius * sphere.radius / distance2;
  return sin2 / (1.0F + std::sqrt(std::max(1.0F - sin2, 0.0F)));
}

float sphere_pdf(const Sphere& sphere, Vec3 from) {
  const Vec3 d = sphere.center - from;
  const float d2 = dot(d, d);
  return d2 <= sphere.radius * sphere.radius ? 0.0F : cone_pdf(sphere_cap(sphere, d2));
}

LightSample sample_sphere(const Sphere& sphere, Vec3 from, Sample2 u) {
  const Vec3 d = sphere.center - from;
  const float d2 = dot(d, d);
  if (d2 <= sphere.radius * sphere.radius) return {};
  const float cap = sphere_cap(sphere, d2);
  const Vec3 direction = Basis::around(d / std::sqrt(d2)).to_world(sample_cone(u, cap));
  const float b = dot(d, direction);
  const Vec3 nearest = d - direction * b;
  const float half_chord2 = sphere.radius * sphere.radius - dot(nearest, nearest);
  return {direction, b - std::sqrt(std::max(half_chord2, 0.0F)), {}, cone_pdf(cap)};
}

float triangle_pdf(const Triangle& triangle, Vec3 direction, float distance) {
  // Lights shine to both sides. The normal's length is twice the area.
  const float projected = 0.5F * std::abs(dot(triangle.scaled_normal(), direction));
  return projected > 0.0F ? distance * distance / projected : 0.0F;
}

LightSample sample_triangle(const Triangle& t, Vec3 from, Sample2 u) {
  // Folds the square onto the triangle without a square root (Heitz, 2019).
  float b0 = u.x * 0.5F;
  float b1 = u.y * 0.5F;
  const float offset = b1 - b0;
  if (offset > 0.0F) {
    b1 += offset;
  } else {
    b0 -= offset;
  }
  const Vec3 p = t.vertices[0] * b0 + t.vertices[1] * b1 + t.vertices[2] * (1.0F - b0 - b1);
  const Vec3 d = p - from;
  const float distance = length(d);
  if (!(distance > 0.0F)) return {};
  const Vec3 direction = d / distance;
  return {direction, distance, {}, triangle_pdf(t, direction, distance)};
}

}  // namespace

Lights::Lights(const SceneGeometry& geometry, const std::vector<Material>& materials) {
  const bool any = std::any_of(materials.begin(), materials.end(),
                               [](const Material& m) { return m.is_emissive(); });
  if (!any) return;
  triangle_lights_.assign(geometry.triangles.size(), kNoLight);
  sphere_lights_.assign(geometry.spheres.size(), kNoLight);
  for (std::uint32_t i = 0; i < geometry.triangles.size(); ++i) {
    const Triangle& t = geometry.triangles[i];
    const Material& m = materials[t.material];
    const float area = 0.5F * length(t.scaled_normal());
    if (!m.is_emissive() || !(area > 0.0F)) continue;
    triangle_lights_[i] = static_cast<std::uint32_t>(lights_.size());
    add(PrimitiveId::triangle(i), m.emission, t.bounds(), area);
  }
  for (std::uint32_t i = 0; i < geometry.spheres.size(); ++i) {
    const Sphere& s = geometry.spheres[i];
    const Material& m = materials[s.material];
    if (!m.is_emissive()) continue;
    sphere_lights_[i] = static_cast<std::uint32_t>(lights_.size());
    add(PrimitiveId::sphere(i), m.emission, s.bounds(), 4.0F * kPi * s.radius * s.radius);
  }
}

void Lights::add(PrimitiveId primitive, const Color& radiance, const Aabb& box, float area) {
  const float power = luminance(radiance) * area;
  lights_.push_back({primitive, radiance, box.center(), power, 0.5F * length(box.extent())});
  cumulative_.push_back(power + (cumulative_.empty() ? 0.0F : cumulative_.back()));
}

float Lights::weight(std::size_t light, Vec3 from) const {
  const Light& l = lights_[light];
  const Vec3 d = l.center - from;
  return l.power / std::max(dot(d, d), l.radius * l.radius);
}

float Lights::probability(std::size_t light, Vec3 from) const {
  if (lights_.size() > kFew) return lights_[light].power / cumulative_.back();
  float sum = 0.0F;
  for (std::size_t i = 0; i < lights_.size(); ++i) sum += weight(i, from);
  return weight(light, from) / sum;
}

std::size_t Lights::choose(Vec3 from, float choice) const {
  if (lights_.size() > kFew) {
    const auto at =
        std::upper_bound(cumulative_.begin(), cumulative_.end(), choice * cumulative_.back());
    return std::min(static_cast<std::size_t>(at - cumulative_.begin()), lights_.size() - 1);
  }
  float sum = 0.0F;
  for (std::size_t i = 0; i < lights_.size(); ++i) sum += weight(i, from);
  float rest = choice * sum;
  for (std::size_t i = 0; i + 1 < lights_.size(); ++i) {
    rest -= weight(i, from);
    if (rest < 0.0F) return i;
  }
  return lights_.size() - 1;
}

LightSample Lights::sample(const SceneGeometry& geometry, Vec3 from, float choice,
                           Sample2 u) const {
  const std::size_t index = choose(from, choice);
  const PrimitiveId id = lights_[index].primitive;
  LightSample s = id.is_sphere() ? sample_sphere(geometry.spheres[id.index()], from, u)
                                 : sample_triangle(geometry.triangles[id.index()], from, u);
  s.radiance = lights_[index].radiance;
  s.pdf *= probability(index, from);
  return s;
}

float Lights::pdf(const SceneGeometry& geometry, Vec3 from, const LightSample& to,
                  PrimitiveId primitive) const {
  if (is_empty()) return 0.0F;
  const std::uint32_t i = primitive.index();
  if (primitive.is_sphere()) {
    return sphere_pdf(geometry.spheres[i], from) * probability(sphere_lights_[i], from);
  }
  // A triangle without area is no light, and a ray that hits one has hit its rounding error.
  if (triangle_lights_[i] == kNoLight) return 0.0F;
  return triangle_pdf(geometry.triangles[i], to.direction, to.distance) *
         probability(triangle_lights_[i], from);
}

}  // namespace raytracer
