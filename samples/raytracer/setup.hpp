/// @file
/// Scenes with a camera: the built-in one, and a stage around a mesh from a file.
#pragma once

#include <optional>

#include "camera.hpp"
#include "scene.hpp"
#include "triangle_mesh.hpp"

namespace raytracer {

struct Setup {
  Scene scene;
  CameraSettings camera;
};

/// Makes the built-in scene: a golden knot among a sunflower spiral of spheres. Its tree is not
/// built yet.
[[nodiscard]] Setup make_builtin_setup();

enum class UpAxis : std::uint8_t { Y, Z };

/// What a mesh is made of when its file does not say.
enum class Finish : std::uint8_t { Clay, Porcelain, Gold, Copper, Chrome, Glass, Jade };

struct StageSettings {
  UpAxis up = UpAxis::Z;
  Finish finish = Finish::Clay;
  /// Where the camera stands, in degrees: around the mesh (0: in front) and above it.
  float yaw_degrees = 30.0F;
  float pitch_degrees = 18.0F;
  float fov_degrees = 28.0F;
  /// Larger than 1 comes closer than the framing would.
  float zoom = 1.0F;
  /// Edges that are sharper stay edges. None: the file's normals, and 40 where it has none.
  std::optional<float> crease_degrees;
  /// Width over height of the image to frame for.
  float aspect = 16.0F / 9.0F;
};

/// Turns coordinates of a mesh file into coordinates of the stage: y up, the mesh's box centred on
/// the y axis, standing on the floor at zero, half its diagonal being 1.
struct StageTransform {
  UpAxis up = UpAxis::Z;
  double center[3] = {0.0, 0.0, 0.0};
  double floor = 0.0;
  double scale = 1.0;

  /// Errors: std::invalid_argument when all points of the mesh are the same.
  [[nodiscard]] static StageTransform fit(const TriangleMesh& mesh, UpAxis up);
  [[nodiscard]] Vec3 apply(Vec3 p) const;
};

/// Puts a mesh on a photographer's stage and frames it. Triangles without area are left out.
///
/// Errors: std::invalid_argument when no triangle has an area.
[[nodiscard]] Setup make_mesh_setup(const TriangleMesh& mesh, const StageSettings& settings);

/// Chooses target and distance so that all points are in the picture with a margin.
[[nodiscard]] CameraSettings frame_points(const std::vector<Vec3>& points,
                                          const StageSettings& settings);

}  // namespace raytracer
