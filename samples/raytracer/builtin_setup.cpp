/// @file
/// The built-in scene: a golden knot on a plinth, in the middle of a sunflower of spheres.

#include <cmath>

#include "setup.hpp"
#include "shapes.hpp"

namespace raytracer {
namespace {

/// Gives a colour of a closed gradient; whole turns come back to the start.
Color gradient(float turn) {
  constexpr Color kStops[] = {{0.012F, 0.13F, 0.19F}, {0.03F, 0.36F, 0.38F}, {0.55F, 0.62F, 0.48F},
                              {0.90F, 0.50F, 0.13F},  {0.82F, 0.16F, 0.08F}, {0.42F, 0.03F, 0.10F},
                              {0.13F, 0.03F, 0.17F}};
  constexpr int kCount = 7;
  const float place = (turn - std::floor(turn)) * static_cast<float>(kCount);
  const int stop = static_cast<int>(place) % kCount;
  return lerp(kStops[stop], kStops[(stop + 1) % kCount], place - std::floor(place));
}

void add_ground(Scene& scene) {
  Material ground = Material::glossy({0.14F, 0.14F, 0.16F}, 0.2F);
  ground.pattern = Pattern::Rings;
  ground.second = {0.075F, 0.08F, 0.10F};
  ground.pattern_size = 0.55F;
  const std::uint32_t material = scene.add_material(ground);
  constexpr float kFar = 400.0F;
  scene.add_quad({-kFar, 0.0F, kFar}, {kFar, 0.0F, kFar}, {kFar, 0.0F, -kFar}, {-kFar, 0.0F, -kFar},
                 material);
}

void add_hero(Scene& scene) {
  const std::uint32_t stone = scene.add_material(Material::glossy({0.72F, 0.70F, 0.66F}, 0.25F));
  const std::uint32_t gold = scene.add_material(Material::metal({1.0F, 0.70F, 0.28F}, 0.20F));
  add_turned_body(scene, {{1.25F, 0.0F}, {1.25F, 0.26F}, {1.21F, 0.30F}, {0.0F, 0.30F}}, {}, 256,
                  stone);
  KnotShape knot;
  knot.ring_radius = 0.82F;
  knot.winding_radius = 0.36F;
  knot.tube_radius = 0.19F;
  knot.strands = 5;
  knot.groove_depth = 0.16F;
  knot.twist = 12.0F;
  knot.segments = 900;
  knot.sides = 60;
  add_torus_knot(scene, knot, {0.0F, 1.65F, 0.0F}, 0.5F * kPi - 0.25F, gold);
}

/// Spirals spheres around the plinth at the golden angle: no two in line, no gap anywhere.
void add_sunflower(Scene& scene) {
  const std::uint32_t glass = scene.add_material(Material::glass(1.5F, {0.5F, 0.12F, 0.10F}));
  const std::uint32_t chrome = scene.add_material(Material::metal({0.86F, 0.87F, 0.88F}, 0.0F));
  const std::uint32_t lamp = scene.add_material(Material::emissive({4.5F, 2.3F, 0.9F}));
  constexpr int kFirst = 18;
  constexpr int kLast = 900;
  const float golden_angle = kPi * (3.0F - std::sqrt(5.0F));
  for (int i = kFirst; i < kLast; ++i) {
    const auto n = static_cast<float>(i);
    const float distance = 0.29F * std::pow(n, 0.58F);
    const float angle = golden_angle * n;
    const float radius = 0.078F * std::pow(n, 0.13F);
    std::uint32_t material = 0;
    if (i % 13 == 4) {
      material = glass;
    } else if (i % 11 == 3) {
      material = chrome;
    } else if (i % 55 == 24 && i < 500) {
      material = lamp;
    } else {
      const float around = std::atan2(std::sin(angle), std::cos(angle)) / (2.0F * kPi);
      const Color color = gradient(around + 0.16F * distance);
      material =
          scene.add_material(i % 5 == 0 ? Material::diffuse(color) : Material::glossy(color, 0.2F));
    }
    scene.add_sphere({distance * std::cos(angle), radius, distance * std::sin(angle)}, radius,
                     material);
  }
}

void add_light(Scene& scene) {
  scene.sky.zenith = {0.035F, 0.085F, 0.26F};
  scene.sky.horizon = {0.80F, 0.38F, 0.20F};
  scene.sky.ground = {0.30F, 0.24F, 0.2F};
  scene.sky.falloff = 0.36F;
  scene.sky.sun_direction = normalize({-0.66F, 0.14F, -0.74F});
  scene.sky.sun = Color{1.0F, 0.66F, 0.36F} * 210.0F;
  scene.sky.sun_size = 1.0F - std::cos(3.0F * kPi / 180.0F);
  scene.sky.glow = {1.3F, 0.62F, 0.24F};
  scene.sky.glow_exponent = 40.0F;
  // A softbox behind the camera's right shoulder.
  const std::uint32_t lamp = scene.add_material(Material::emissive({9.0F, 10.0F, 12.0F}));
  scene.add_quad({4.2F, 1.6F, 4.6F}, {5.6F, 1.6F, 2.6F}, {5.6F, 4.6F, 2.6F}, {4.2F, 4.6F, 4.6F},
                 lamp);
}

}  // namespace

Setup make_builtin_setup() {
  Setup setup;
  add_ground(setup.scene);
  add_hero(setup.scene);
  add_sunflower(setup.scene);
  add_light(setup.scene);
  setup.scene.prepare_lights();
  setup.camera.eye = {1.3F, 2.5F, 8.0F};
  setup.camera.target = {0.0F, 1.30F, 0.0F};
  setup.camera.fov_degrees = 26.0F;
  setup.camera.lens_radius = 0.05F;
  setup.camera.focus_distance = 7.6F;
  return setup;
}

}  // namespace raytracer
