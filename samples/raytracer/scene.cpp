#include "scene.hpp"

#include <algorithm>
#include <cmath>

namespace raytracer {
namespace {

/// Bends a smoothed normal near an outline, where it may face away from the viewer, or mirror the
/// view into the surface: light ends there, and the outline would turn black.
Vec3 bend_into_view(Vec3 smoothed, Vec3 geometric, Vec3 viewer) {
  constexpr float kLeast = 0.01F;
  const float facing = dot(smoothed, viewer);
  if (facing < kLeast) smoothed = normalize(smoothed + viewer * (kLeast - facing));
  const Vec3 mirrored = reflect(viewer, smoothed);
  const float height = dot(mirrored, geometric);
  // A view that grazes the surface itself needs no more than it has.
  const float least_height = std::min(kLeast, 0.9F * dot(geometric, viewer));
  if (height >= least_height) return smoothed;
  // The normal half way between the view and a mirrored view that is lifted off the surface.
  return normalize(viewer + normalize(mirrored + geometric * (least_height - height)));
}

}  // namespace

std::uint32_t Scene::add_material(const Material& material) {
  materials.push_back(material);
  return static_cast<std::uint32_t>(materials.size() - 1);
}

void Scene::add_sphere(Vec3 center, float radius, std::uint32_t material) {
  geometry.spheres.push_back({center, radius, material});
}

void Scene::add_quad(Vec3 a, Vec3 b, Vec3 c, Vec3 d, std::uint32_t material) {
  const Vec3 n = normalize(cross(b - a, c - a));
  geometry.triangles.push_back({{a, b, c}, {n, n, n}, material});
  geometry.triangles.push_back({{a, c, d}, {n, n, n}, material});
}

SurfacePoint Scene::surface_at(const Ray& ray, const Hit& hit) const {
  SurfacePoint point;
  std::uint32_t material = 0;
  if (hit.primitive.is_sphere()) {
    const Sphere& sphere = geometry.spheres[hit.primitive.index()];
    const Vec3 n = normalize(ray.origin + ray.direction * hit.t - sphere.center);
    // Put back onto the sphere, which is nearer to it than the end of the ray.
    point.position = sphere.center + n * sphere.radius;
    point.geometric_normal = point.shading_normal = n;
    material = sphere.material;
  } else {
    const Triangle& t = geometry.triangles[hit.primitive.index()];
    const float w = 1.0F - hit.u - hit.v;
    point.position = t.vertices[0] * w + t.vertices[1] * hit.u + t.vertices[2] * hit.v;
    point.geometric_normal = normalize(t.scaled_normal());
    const Vec3 n = t.normals[0] * w + t.normals[1] * hit.u + t.normals[2] * hit.v;
    const float n2 = dot(n, n);
    point.shading_normal = n2 > 1e-12F ? n / std::sqrt(n2) : point.geometric_normal;
    material = t.material;
  }
  point.material = &materials[material];
  point.is_front = dot(point.geometric_normal, ray.direction) < 0.0F;
  if (!point.is_front) point.geometric_normal = -point.geometric_normal;
  if (dot(point.shading_normal, point.geometric_normal) < 0.0F) {
    point.shading_normal = -point.shading_normal;
  }
  point.shading_normal =
      bend_into_view(point.shading_normal, point.geometric_normal, -ray.direction);
  return point;
}

Color Scene::texture_at(const Material& material, const Hit& hit) const {
  constexpr Color kWhite{1.0F, 1.0F, 1.0F};
  const std::uint32_t index = hit.primitive.index();
  if (hit.primitive.is_sphere() || index >= geometry.uvs.size()) return kWhite;
  const UvCorners& uv = geometry.uvs[index];
  const Uv place = uv[0] * (1.0F - hit.u - hit.v) + uv[1] * hit.u + uv[2] * hit.v;
  return place.is_none() ? kWhite : textures[material.texture]->at(place, material.wrap);
}

}  // namespace raytracer
