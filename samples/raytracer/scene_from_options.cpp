#include "scene_from_options.hpp"

#include <cmath>
#include <filesystem>
#include <stdexcept>

#include "load_mesh.hpp"
#include "program/input_error.hpp"
#include "text_reader.hpp"

namespace raytracer {

using program::InputError;

namespace {

/// Moves the camera around its target to the angles that were given.
void orbit(CameraSettings& camera, const Options& options) {
  const Vec3 arm = camera.eye - camera.target;
  const float distance = length(arm);
  const float radians = kPi / 180.0F;
  const float yaw = options.yaw ? *options.yaw * radians : std::atan2(arm.x, arm.z);
  const float pitch = options.pitch ? *options.pitch * radians : std::asin(arm.y / distance);
  const Vec3 direction{std::sin(yaw) * std::cos(pitch), std::sin(pitch),
                       std::cos(yaw) * std::cos(pitch)};
  camera.eye = camera.target + direction * (distance / options.stage.zoom);
}

/// Applies what was said about the lens and the exact place of the camera.
void override_camera(CameraSettings& camera, const Options& options) {
  if (options.fov) camera.fov_degrees = *options.fov;
  if (options.aperture) camera.lens_radius = *options.aperture;
  if (options.focus) camera.focus_distance = *options.focus;
  const Vec3 view = camera.target - camera.eye;
  if (!(dot(view, view) > 1e-12F)) {
    throw InputError("--eye", "the camera stands where it looks at");
  }
  constexpr float kFarthest = 1e5F;
  if (!(dot(view, view) + dot(camera.eye, camera.eye) < kFarthest * kFarthest)) {
    throw InputError("--eye", "the camera is too far away to see anything");
  }
}

UpAxis default_up(const std::string& file) {
  const std::string extension = std::filesystem::path(file).extension().string();
  return equals_ignoring_case(extension, ".stl") ? UpAxis::Z : UpAxis::Y;
}

StageSettings stage_of(const Options& options) {
  StageSettings stage = options.stage;
  stage.up = options.up ? *options.up : default_up(options.scene);
  if (options.yaw) stage.yaw_degrees = *options.yaw;
  if (options.pitch) stage.pitch_degrees = *options.pitch;
  if (options.fov) stage.fov_degrees = *options.fov;
  stage.aspect = static_cast<float>(options.width) / static_cast<float>(options.height);
  return stage;
}

weft::Task<LoadedSetup> load_file(const Options& options) {
  TriangleMesh mesh = co_await load_mesh(options.scene);
  const StageSettings stage = stage_of(options);
  LoadedSetup loaded;
  try {
    loaded.setup = make_mesh_setup(mesh, stage);
  } catch (const std::invalid_argument& error) {
    throw InputError(options.scene, error.what());
  }
  loaded.warnings = std::move(mesh.warnings);
  if (options.eye || options.target) {
    const StageTransform transform = StageTransform::fit(mesh, stage.up);
    CameraSettings& camera = loaded.setup.camera;
    if (options.eye) camera.eye = transform.apply(*options.eye);
    if (options.target) camera.target = transform.apply(*options.target);
  }
  co_return loaded;
}

LoadedSetup load_builtin(const Options& options) {
  LoadedSetup loaded{make_builtin_setup(), {}};
  CameraSettings& camera = loaded.setup.camera;
  if (options.target) camera.target = *options.target;
  if (options.yaw || options.pitch || options.stage.zoom != 1.0F) orbit(camera, options);
  if (options.eye) camera.eye = *options.eye;
  if (options.eye || options.target) camera.focus_distance = 0.0F;
  return loaded;
}

}  // namespace

weft::Task<LoadedSetup> load_setup(const Options& options) {
  LoadedSetup loaded;
  if (options.scene.empty()) {
    loaded = load_builtin(options);
  } else {
    loaded = co_await load_file(options);
  }
  override_camera(loaded.setup.camera, options);
  co_return loaded;
}

}  // namespace raytracer
