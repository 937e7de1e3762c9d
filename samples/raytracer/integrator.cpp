#include "integrator.hpp"

#include <algorithm>
#include <cmath>

#include "sampling.hpp"

namespace raytracer {
namespace {

/// Paths this long may be ended early when they carry little light.
constexpr std::uint32_t kRouletteDepth = 3;
/// A shadow ray stops this much before its light, in parts of its length.
constexpr float kShadowShare = 1.0F - 1e-4F;

/// Light that reaches a rough surface through glass is found by chance alone, so its clamp is lower.
constexpr float kCausticShare = 0.25F;

/// Metals and coats look at least this rough to light that was scattered before: its paths find a
/// lamp in a mirror only by rare chance, which shows as specks (Kaplanyan and Dachsbacher, "Path
/// Space Regularization", 2013).
constexpr float kWideBlur = 0.45F;
constexpr float kNarrowBlur = 0.30F;

/// One path on its way from the camera into the scene.
class Path {
 public:
  Path(const Scene& scene, const RenderSettings& settings, Sampler& sampler, RayCounts& counts)
      : scene_(scene), settings_(settings), sampler_(sampler), counts_(counts) {}

  Color trace(Ray ray) {
    for (depth_ = 0; depth_ < settings_.max_depth; ++depth_) {
      ++counts_.nearest;
      const Hit hit = scene_.bvh().intersect(ray);
      if (hit.primitive.is_none()) {
        add_sky(ray.direction);
        break;
      }
      const SurfacePoint point = scene_.surface_at(ray, hit);
      const Material& material = *point.material;
      if (material.is_emissive()) add_emission(ray, hit, material);
      if (material.kind == MaterialKind::Emissive) break;
      // The stretch of the path that ends at the inside of glass went through glass.
      if (material.kind == MaterialKind::Glass && !point.is_front) {
        throughput_ *= exp(material.absorption * -hit.t);
      }
      if (!scatter(point, hit, ray) || !survives_roulette()) break;
    }
    return radiance_;
  }

 private:
  /// Adds light that the path found; light found over a bounce is clamped.
  void add(Color light) {
    const Color c = throughput_ * light;
    if (!is_finite(c)) return;
    const float brightest = max_component(c);
    const bool is_caustic = was_delta_ && least_roughness_ > 0.0F;
    const float most = is_caustic ? settings_.clamp * kCausticShare : settings_.clamp;
    const bool is_clamped = depth_ > 0 && settings_.clamp > 0.0F && brightest > most;
    radiance_ += is_clamped ? c * (most / brightest) : c;
  }

  void add_sky(Vec3 direction) {
    const Sky& sky = scene_.sky;
    add(sky.radiance(direction));
    if (sky.is_in_sun(direction)) {
      const float weight = was_delta_ ? 1.0F : power_heuristic(bsdf_pdf_, cone_pdf(sky.sun_size));
      add(sky.sun * weight);
    }
  }

  void add_emission(const Ray& ray, const Hit& hit, const Material& material) {
    float weight = 1.0F;
    if (!was_delta_) {
      const LightSample to{ray.direction, hit.t, {}, 0.0F};
      const float pdf = scene_.lights().pdf(scene_.geometry, ray.origin, to, hit.primitive);
      weight = power_heuristic(bsdf_pdf_, pdf);
    }
    add(material.emission * weight);
  }

  /// Gathers light at a surface and chooses where the path goes on; false: it ends.
  bool scatter(const SurfacePoint& point, const Hit& hit, Ray& ray) {
    const Material& material = *point.material;
    const Bsdf bsdf{&material, scene_.color_at(point, hit),
                    std::max(material.roughness, least_roughness_), point.is_front};
    const Basis basis = Basis::around(point.shading_normal);
    const Vec3 outgoing = basis.to_local(-ray.direction);
    if (!bsdf.is_delta()) {
      add_sun(point, bsdf, basis, outgoing);
      add_light(point, bsdf, basis, outgoing);
    }
    const float choice = sampler_.next_1d();
    const Sample2 u = sampler_.next_2d();
    const BsdfSample next = sample_bsdf(bsdf, outgoing, u, choice);
    if (!(next.pdf > 0.0F)) return false;

    const Vec3 direction = normalize(basis.to_world(next.incoming));
    const bool goes_through = next.incoming.z < 0.0F;
    const float side = dot(direction, point.geometric_normal);
    // A smoothed normal can send light to the wrong side of the real surface.
    if (goes_through ? side >= 0.0F : side <= 0.0F) return false;
    throughput_ *= next.weight;
    was_delta_ = bsdf.is_delta();
    bsdf_pdf_ = next.pdf;
    if (!was_delta_) blur_what_follows(next.pdf);
    const Vec3 normal = goes_through ? -point.geometric_normal : point.geometric_normal;
    ray = {offset_from_surface(point.position, normal), direction};
    return true;
  }

  void add_sun(const SurfacePoint& point, const Bsdf& bsdf, const Basis& basis, Vec3 outgoing) {
    const Sky& sky = scene_.sky;
    if (!sky.has_sun()) return;
    const Sample2 u = sampler_.next_2d();
    const Vec3 direction = Basis::around(sky.sun_direction).to_world(sample_cone(u, sky.sun_size));
    const LightSample sun{direction, kInfinity, sky.sun, cone_pdf(sky.sun_size)};
    add_if_visible(point, bsdf, basis, outgoing, sun);
  }

  void add_light(const SurfacePoint& point, const Bsdf& bsdf, const Basis& basis, Vec3 outgoing) {
    if (scene_.lights().is_empty()) return;
    const float choice = sampler_.next_1d();
    const Sample2 u = sampler_.next_2d();
    // Seen from where the path will go on, so that both techniques agree on the density.
    const Vec3 from = offset_from_surface(point.position, point.geometric_normal);
    const LightSample light = scene_.lights().sample(scene_.geometry, from, choice, u);
    if (light.pdf > 0.0F) add_if_visible(point, bsdf, basis, outgoing, light);
  }

  void add_if_visible(const SurfacePoint& point, const Bsdf& bsdf, const Basis& basis,
                      Vec3 outgoing, const LightSample& light) {
    if (dot(light.direction, point.geometric_normal) <= 0.0F) return;
    const BsdfValue value = evaluate_bsdf(bsdf, outgoing, basis.to_local(light.direction));
    if (!(max_component(value.value) > 0.0F)) return;
    ++counts_.shadow;
    const Vec3 from = offset_from_surface(point.position, point.geometric_normal);
    if (scene_.bvh().is_occluded({from, light.direction, light.distance * kShadowShare})) return;
    const float weight = power_heuristic(light.pdf, value.pdf) / light.pdf;
    add(value.value * light.radiance * weight);
  }

  /// Makes the surfaces behind a bounce rougher, the more the wider the bounce was.
  void blur_what_follows(float pdf) {
    constexpr float kWidePdf = 1.0F;
    least_roughness_ = std::max(least_roughness_, pdf < kWidePdf ? kWideBlur : kNarrowBlur);
  }

  /// Ends dim paths at random and makes up for it in those that live on.
  bool survives_roulette() {
    if (depth_ + 1 < kRouletteDepth) return max_component(throughput_) > 0.0F;
    const float chance = std::min(max_component(throughput_), 0.95F);
    if (!(sampler_.next_1d() < chance)) return false;
    throughput_ *= 1.0F / chance;
    return true;
  }

  const Scene& scene_;
  const RenderSettings& settings_;
  Sampler& sampler_;
  RayCounts& counts_;
  Color radiance_;
  Color throughput_{1.0F, 1.0F, 1.0F};
  std::uint32_t depth_ = 0;
  /// How the last direction was chosen: by a mirror or lens, or with this density.
  bool was_delta_ = true;
  float bsdf_pdf_ = 0.0F;
  float least_roughness_ = 0.0F;
};

/// Maps [0, 1) to an offset in (-1, 1) with a tent's density, one pixel wide to each side.
float sample_pixel_filter(float u) {
  return u < 0.5F ? std::sqrt(2.0F * u) - 1.0F : 1.0F - std::sqrt(2.0F - 2.0F * u);
}

}  // namespace

Color trace_path(const Scene& scene, Ray ray, const RenderSettings& settings, Sampler& sampler,
                 RayCounts& counts) {
  ++counts.paths;
  return Path(scene, settings, sampler, counts).trace(ray);
}

RayCounts render_tile(const Scene& scene, const Camera& camera, const RenderSettings& settings,
                      const Tile& tile, Film& film) {
  RayCounts counts;
  for (int y = tile.y0; y < tile.y1; ++y) {
    for (int x = tile.x0; x < tile.x1; ++x) {
      if (settings.stop.stop_requested()) return counts;
      Color sum;
      for (std::uint32_t i = 0; i < settings.samples; ++i) {
        Sampler sampler(static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), i,
                        settings.seed);
        const Sample2 pixel = sampler.next_2d();
        const Sample2 lens = sampler.next_2d();
        const Ray ray =
            camera.ray(static_cast<float>(x) + 0.5F + sample_pixel_filter(pixel.x),
                       static_cast<float>(y) + 0.5F + sample_pixel_filter(pixel.y), lens);
        sum += trace_path(scene, ray, settings, sampler, counts);
      }
      film.at(x, y) = sum / static_cast<float>(settings.samples);
    }
  }
  return counts;
}

}  // namespace raytracer
