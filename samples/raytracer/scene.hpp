/// @file
/// Everything that rays meet, ready to be rendered.
#pragma once

#include <memory>
#include <vector>

#include "bsdf.hpp"
#include "bvh.hpp"
#include "geometry.hpp"
#include "lights.hpp"
#include "material.hpp"
#include "sky.hpp"
#include "texture.hpp"

namespace raytracer {

/// What is at the place a ray hit.
struct SurfacePoint {
  Vec3 position;
  /// Unit normals on the side the ray came from.
  Vec3 geometric_normal;
  Vec3 shading_normal;
  const Material* material = nullptr;
  bool is_front = true;
};

/// Holds a scene. Fill the public parts, then call prepare_lights() and set_bvh().
///
/// Threads: any number may trace at once; nothing changes while rendering.
class Scene {
 public:
  SceneGeometry geometry;
  std::vector<Material> materials;
  std::vector<std::shared_ptr<const Texture>> textures;
  Sky sky;

  /// Adds a material and gives its index.
  std::uint32_t add_material(const Material& material);
  void add_sphere(Vec3 center, float radius, std::uint32_t material);
  /// Adds two triangles; the corners run counter-clockwise seen from the front.
  void add_quad(Vec3 a, Vec3 b, Vec3 c, Vec3 d, std::uint32_t material);

  /// Collects what shines. Call after the last change to geometry or materials.
  void prepare_lights() { lights_ = Lights(geometry, materials); }
  void set_bvh(Bvh bvh) { bvh_ = std::move(bvh); }

  [[nodiscard]] const Bvh& bvh() const { return bvh_; }
  [[nodiscard]] const Lights& lights() const { return lights_; }
  [[nodiscard]] SurfacePoint surface_at(const Ray& ray, const Hit& hit) const;
  /// Gives the base colour there, which a pattern or a texture may change from place to place.
  [[nodiscard]] Color color_at(const SurfacePoint& point, const Hit& hit) const {
    const Color plain = point.material->color_at(point.position);
    return point.material->has_texture() ? plain * texture_at(*point.material, hit) : plain;
  }

 private:
  /// Gives what a texture makes of white; where a corner has no place on it, that is white.
  [[nodiscard]] Color texture_at(const Material& material, const Hit& hit) const;

  Bvh bvh_;
  Lights lights_;
};

}  // namespace raytracer
