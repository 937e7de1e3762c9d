#include <catch2/catch.hpp>

#include <cmath>

#include <weft/weft.hpp>

#include "bvh_builder.hpp"
#include "parallel_bvh.hpp"
#include "render.hpp"
#include "setup.hpp"

using namespace raytracer;

namespace {

constexpr int kWidth = 61;
constexpr int kHeight = 37;

RenderSettings quick() {
  RenderSettings settings;
  settings.samples = 2;
  return settings;
}

std::uint64_t hash_with(unsigned workers, const RenderSettings& settings) {
  Setup setup = make_builtin_setup();
  weft::Runtime runtime{{.workers = workers}};
  setup.scene.set_bvh(runtime.run(build_bvh(setup.scene.geometry)));
  const Camera camera(setup.camera, kWidth, kHeight);
  Film film(kWidth, kHeight);
  Progress progress(kWidth * kHeight, ProgressStyle::Silent);
  const RayCounts counts = runtime.run(render(setup.scene, camera, settings, film, progress));
  CHECK(counts.paths == static_cast<std::uint64_t>(kWidth) * kHeight * settings.samples);
  return film.hash();
}

/// The mean luminance of a small picture.
double mean_of_picture(const Scene& scene, const CameraSettings& from, int width, int height,
                       const RenderSettings& settings) {
  const Camera camera(from, width, height);
  Film film(width, height);
  render_tile(scene, camera, settings, {0, 0, width, height}, film);
  double sum = 0.0;
  for (const Color& c : film.pixels()) sum += double{luminance(c)};
  return sum / static_cast<double>(film.pixels().size());
}

}  // namespace

TEST_CASE("the picture is the same, bit for bit, for any number of workers") {
  const std::uint64_t one = hash_with(1, quick());
  CHECK(hash_with(2, quick()) == one);
  CHECK(hash_with(5, quick()) == one);
  RenderSettings other = quick();
  other.seed = 2;
  CHECK(hash_with(2, other) != one);
}

TEST_CASE("the picture does not depend on how it is cut into tiles") {
  Setup setup = make_builtin_setup();
  weft::Runtime runtime{{.workers = 1}};
  setup.scene.set_bvh(runtime.run(build_bvh(setup.scene.geometry)));
  const Camera camera(setup.camera, 40, 30);
  Film whole(40, 30);
  render_tile(setup.scene, camera, quick(), {0, 0, 40, 30}, whole);
  Film parts(40, 30);
  for (const Tile& tile : cut_into_tiles(40, 30, 7))
    render_tile(setup.scene, camera, quick(), tile, parts);
  CHECK(whole.hash() == parts.hash());
}

TEST_CASE("smoothed normals do not turn outlines black: the mirrored view stays outside") {
  Scene scene;
  scene.add_material(Material::glossy({0.5F, 0.5F, 0.5F}, 0.1F));
  const Vec3 up{0, 0, 1};
  const Vec3 corners[3] = {{-1, -1, 0}, {2, -1, 0}, {-1, 2, 0}};
  for (const float lean : {-4.0F, -1.0F, 0.0F, 1.0F, 4.0F}) {
    const Vec3 leaning = normalize({lean, 0.3F * lean, 1.0F});
    scene.geometry.triangles = {{{corners[0], corners[1], corners[2]}, {leaning, up, leaning}, 0}};
    for (float height = 1e-3F; height < 4.0F; height *= 1.7F) {
      const Ray ray{{1.0F, 0.0F, height}, normalize({-1.0F, 0.0F, -height})};
      const Hit hit{std::sqrt(1.0F + height * height), 0.3F, 0.3F, PrimitiveId::triangle(0)};
      const SurfacePoint point = scene.surface_at(ray, hit);
      INFO("lean " << lean << " height " << height);
      CHECK(dot(point.shading_normal, -ray.direction) > 0.0F);
      CHECK(dot(reflect(-ray.direction, point.shading_normal), up) > 0.0F);
      CHECK(length(point.shading_normal) == Approx(1.0F));
    }
  }
}

TEST_CASE("a requested stop ends the rendering") {
  Setup setup = make_builtin_setup();
  weft::Runtime runtime{{.workers = 2}};
  setup.scene.set_bvh(runtime.run(build_bvh(setup.scene.geometry)));
  std::stop_source stop;
  stop.request_stop();
  RenderSettings settings = quick();
  settings.samples = 1U << 20;
  settings.stop = stop.get_token();
  const Camera camera(setup.camera, kWidth, kHeight);
  Film film(kWidth, kHeight);
  Progress progress(kWidth * kHeight, ProgressStyle::Silent);
  CHECK(runtime.run(render(setup.scene, camera, settings, film, progress)).paths == 0);
}

TEST_CASE("a white room of white light is white: no light is lost or made") {
  // The furnace test: inside an even light every surface without absorption vanishes.
  Scene scene;
  const std::uint32_t white = scene.add_material(Material::diffuse({1, 1, 1}));
  const std::uint32_t mirror = scene.add_material(Material::metal({1, 1, 1}, 0.0F));
  const std::uint32_t glass = scene.add_material(Material::glass(1.5F));
  scene.add_sphere({-1.2F, 0, 0}, 0.5F, white);
  scene.add_sphere({0, 0, 0}, 0.5F, mirror);
  scene.add_sphere({1.2F, 0, 0}, 0.5F, glass);
  scene.sky.zenith = scene.sky.horizon = scene.sky.ground = {1, 1, 1};
  scene.prepare_lights();
  scene.set_bvh(build_bvh_serially(scene.geometry));
  RenderSettings settings;
  settings.samples = 16;
  settings.max_depth = 200;
  settings.clamp = 0.0F;
  const CameraSettings from{{0, 0, 6}, {0, 0, 0}, 20.0F, 0.0F, 0.0F};
  CHECK(mean_of_picture(scene, from, 48, 24, settings) == Approx(1.0).epsilon(0.01));
}

TEST_CASE("looking for lights changes the noise of a picture, not its brightness") {
  const auto mean_of = [](bool looks_for_lights) {
    Scene scene;
    const std::uint32_t floor = scene.add_material(Material::glossy({0.5F, 0.5F, 0.5F}, 0.4F));
    scene.add_quad({-3, 0, 3}, {3, 0, 3}, {3, 0, -3}, {-3, 0, -3}, floor);
    const std::uint32_t lamp = scene.add_material(Material::emissive({3, 3, 3}));
    scene.add_quad({-1, 2, -1}, {1, 2, -1}, {1, 2, 1}, {-1, 2, 1}, lamp);
    scene.add_sphere({1.6F, 0.7F, 0.4F}, 0.5F, lamp);
    scene.sky.zenith = scene.sky.horizon = scene.sky.ground = {};
    // Without this, paths find the lamps by chance only.
    if (looks_for_lights) scene.prepare_lights();
    scene.set_bvh(build_bvh_serially(scene.geometry));
    RenderSettings settings;
    settings.samples = 2048;
    settings.max_depth = 3;
    settings.clamp = 0.0F;
    return mean_of_picture(scene, {{0, 1, 4}, {0, 0, 0}, 20.0F, 0.0F, 0.0F}, 8, 8, settings);
  };
  CHECK(mean_of(true) == Approx(mean_of(false)).epsilon(0.01));
}
