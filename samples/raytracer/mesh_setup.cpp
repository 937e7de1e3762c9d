/// @file
/// A photographer's stage around a mesh: floor and backdrop in one sweep, three soft lights.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "mesh_normals.hpp"
#include "setup.hpp"

namespace raytracer {
namespace {

using Point = std::array<double, 3>;

/// Turns z-up into y-up: what faced the viewer (-y) faces +z then.
Point to_y_up(Vec3 p, UpAxis up) {
  if (up == UpAxis::Y) return {p.x, p.y, p.z};
  return {p.x, p.z, -double{p.y}};
}

/// Normals turn with the mesh; its size and place do not matter to them.
std::array<Vec3, 3> turned(std::array<Vec3, 3> normals, UpAxis up) {
  for (Vec3& n : normals) {
    if (up == UpAxis::Z) n = {n.x, n.z, -n.y};
  }
  return normals;
}

Material make_finish(Finish finish) {
  switch (finish) {
    case Finish::Clay:
      return Material::glossy({0.58F, 0.235F, 0.125F}, 0.42F);
    case Finish::Porcelain:
      return Material::glossy({0.82F, 0.81F, 0.78F}, 0.12F);
    case Finish::Gold:
      return Material::metal({1.0F, 0.71F, 0.29F}, 0.28F);
    case Finish::Copper:
      return Material::metal({0.95F, 0.55F, 0.40F}, 0.30F);
    case Finish::Chrome:
      return Material::metal({0.77F, 0.78F, 0.78F}, 0.10F);
    case Finish::Glass:
      return Material::glass(1.5F, {0.35F, 0.12F, 0.16F});
    case Finish::Jade:
      return Material::glossy({0.10F, 0.38F, 0.22F}, 0.18F);
  }
  return {};
}

/// Turns around the y axis, so that the stage stands straight before the camera.
struct Turn {
  float cosine;
  float sine;

  explicit Turn(float yaw_degrees)
      : cosine(std::cos(yaw_degrees * kPi / 180.0F)), sine(std::sin(yaw_degrees * kPi / 180.0F)) {}
  [[nodiscard]] Vec3 operator()(Vec3 p) const {
    return {p.x * cosine + p.z * sine, p.y, p.z * cosine - p.x * sine};
  }
};

/// Adds a floor that bends up into a backdrop, without an edge to be seen.
void add_sweep(Scene& scene, const Turn& turn) {
  constexpr float kHalfWidth = 40.0F;
  constexpr float kFront = 14.0F;
  constexpr float kBack = -4.5F;
  constexpr float kBend = 4.0F;
  constexpr float kTop = 14.0F;
  constexpr int kSteps = 24;
  const std::uint32_t paper = scene.add_material(Material::glossy({0.27F, 0.285F, 0.31F}, 0.5F));
  struct Outline {
    float y;
    float z;
    Vec3 normal;
  };
  std::vector<Outline> outline{{0.0F, kFront, {0.0F, 1.0F, 0.0F}}};
  for (int i = 0; i <= kSteps; ++i) {
    const float phi = 0.5F * kPi * static_cast<float>(i) / static_cast<float>(kSteps);
    outline.push_back({kBend * (1.0F - std::cos(phi)),
                       kBack - kBend * std::sin(phi),
                       {0.0F, std::cos(phi), std::sin(phi)}});
  }
  outline.push_back({kTop, kBack - kBend, {0.0F, 0.0F, 1.0F}});
  for (std::size_t i = 0; i + 1 < outline.size(); ++i) {
    const Outline& a = outline[i];
    const Outline& b = outline[i + 1];
    const Vec3 na = turn(a.normal);
    const Vec3 nb = turn(b.normal);
    const Vec3 p[4] = {turn({-kHalfWidth, a.y, a.z}), turn({kHalfWidth, a.y, a.z}),
                       turn({kHalfWidth, b.y, b.z}), turn({-kHalfWidth, b.y, b.z})};
    scene.geometry.triangles.push_back({{p[0], p[1], p[2]}, {na, na, nb}, paper});
    scene.geometry.triangles.push_back({{p[0], p[2], p[3]}, {na, nb, nb}, paper});
  }
}

/// Adds a square lamp at `center` that faces `toward`.
void add_softbox(Scene& scene, const Turn& turn, Vec3 center, Vec3 toward, float half_size,
                 Color radiance) {
  const std::uint32_t lamp = scene.add_material(Material::emissive(radiance));
  const Basis basis = Basis::around(normalize(toward - center));
  const Vec3 a = basis.tangent * half_size;
  const Vec3 b = basis.bitangent * half_size;
  scene.add_quad(turn(center - a - b), turn(center + a - b), turn(center + a + b),
                 turn(center - a + b), lamp);
}

void add_stage(Scene& scene, const Turn& turn) {
  add_sweep(scene, turn);
  const Vec3 middle{0.0F, 0.6F, 0.0F};
  // Key from the upper left, a cool fill from the right, a rim light from behind.
  add_softbox(scene, turn, {-4.2F, 5.2F, 4.2F}, middle, 1.4F, {16.5F, 15.0F, 12.8F});
  add_softbox(scene, turn, {5.5F, 2.6F, 3.5F}, middle, 1.3F, {2.0F, 2.5F, 3.3F});
  add_softbox(scene, turn, {2.6F, 5.6F, -3.6F}, middle, 1.0F, {13.0F, 13.5F, 14.5F});
  scene.sky.zenith = {0.20F, 0.23F, 0.28F};
  scene.sky.horizon = {0.12F, 0.13F, 0.15F};
  scene.sky.ground = {0.08F, 0.08F, 0.08F};
}

/// Moves the mesh to the stage; leaves out triangles without area and points that no triangle uses.
TriangleMesh place_mesh(const TriangleMesh& mesh, UpAxis up) {
  const StageTransform transform = StageTransform::fit(mesh, up);
  TriangleMesh placed;
  placed.palette = mesh.palette;
  placed.textures = mesh.textures;
  constexpr std::uint32_t kUnused = 0xFFFF'FFFFU;
  std::vector<std::uint32_t> new_index(mesh.positions.size(), kUnused);
  for (std::size_t i = 0; i < mesh.triangles.size(); ++i) {
    const auto& t = mesh.triangles[i];
    const Vec3 p[3] = {transform.apply(mesh.positions[t[0]]), transform.apply(mesh.positions[t[1]]),
                       transform.apply(mesh.positions[t[2]])};
    const Vec3 n = cross(p[1] - p[0], p[2] - p[0]);
    // Below this the square loses digits, and what should be a unit normal is none.
    if (!(dot(n, n) >= std::numeric_limits<float>::min())) continue;
    TriangleMesh::Indices indices{};
    for (std::size_t corner = 0; corner < 3; ++corner) {
      std::uint32_t& index = new_index[t[corner]];
      if (index == kUnused) {
        index = static_cast<std::uint32_t>(placed.positions.size());
        placed.positions.push_back(p[corner]);
      }
      indices[corner] = index;
    }
    placed.add_triangle(indices, mesh.material_of(i));
    if (!mesh.corner_normals.empty()) placed.set_normals(turned(mesh.normals_of(i), up));
    // Without a texture that was read, nobody will ask where on it a corner is.
    if (!mesh.textures.empty() && i < mesh.uvs.size()) placed.set_uvs(mesh.uvs[i]);
  }
  if (placed.triangles.empty()) {
    throw std::invalid_argument("none of its triangles has an area");
  }
  return placed;
}

/// Adds the mesh first of all, so that its triangles have the same indices in the scene.
void add_mesh(Scene& scene, TriangleMesh mesh, const StageSettings& settings) {
  const std::uint32_t plain = scene.add_material(make_finish(settings.finish));
  const auto first = static_cast<std::uint32_t>(scene.materials.size());
  for (const Material& m : mesh.palette) scene.add_material(m);
  scene.textures = std::move(mesh.textures);
  scene.geometry.uvs = std::move(mesh.uvs);
  constexpr float kCrease = 40.0F;
  const std::vector<Vec3> normals = settings.crease_degrees
                                        ? compute_corner_normals(mesh, *settings.crease_degrees)
                                        : choose_corner_normals(mesh, kCrease);
  scene.geometry.triangles.reserve(scene.geometry.triangles.size() + mesh.triangles.size());
  for (std::size_t i = 0; i < mesh.triangles.size(); ++i) {
    const auto& t = mesh.triangles[i];
    const std::uint32_t own = mesh.material_of(i);
    scene.geometry.triangles.push_back(
        {{mesh.positions[t[0]], mesh.positions[t[1]], mesh.positions[t[2]]},
         {normals[3 * i], normals[3 * i + 1], normals[3 * i + 2]},
         own == TriangleMesh::kNoMaterial ? plain : first + own});
  }
}

}  // namespace

StageTransform StageTransform::fit(const TriangleMesh& mesh, UpAxis up) {
  Point lower{};
  Point upper{};
  bool is_first = true;
  for (const auto& triangle : mesh.triangles) {
    for (const std::uint32_t index : triangle) {
      const Point p = to_y_up(mesh.positions[index], up);
      for (std::size_t axis = 0; axis < 3; ++axis) {
        lower[axis] = is_first ? p[axis] : std::min(lower[axis], p[axis]);
        upper[axis] = is_first ? p[axis] : std::max(upper[axis], p[axis]);
      }
      is_first = false;
    }
  }
  StageTransform transform;
  transform.up = up;
  double diagonal = 0.0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    transform.center[axis] = 0.5 * (lower[axis] + upper[axis]);
    diagonal = std::hypot(diagonal, upper[axis] - lower[axis]);
  }
  transform.floor = lower[1];
  if (!(diagonal > 0.0)) throw std::invalid_argument("all its points are the same");
  transform.scale = 2.0 / diagonal;
  return transform;
}

Vec3 StageTransform::apply(Vec3 p) const {
  const Point q = to_y_up(p, up);
  // Points of the mesh are near the origin then; others, such as a camera's, may be anywhere.
  const auto place = [this](double v) {
    return static_cast<float>(std::clamp(v * scale, -1e30, 1e30));
  };
  return {place(q[0] - center[0]), place(q[1] - floor), place(q[2] - center[2])};
}

CameraSettings frame_points(const std::vector<Vec3>& points, const StageSettings& settings) {
  constexpr float kMargin = 1.12F;
  const Turn turn(settings.yaw_degrees);
  const float pitch = settings.pitch_degrees * kPi / 180.0F;
  const Vec3 backward = turn({0.0F, std::sin(pitch), std::cos(pitch)});
  const Vec3 right = turn({1.0F, 0.0F, 0.0F});
  const Vec3 up = cross(backward, right);
  const float half = std::tan(settings.fov_degrees * kPi / 360.0F) / kMargin;
  const float tan_x = settings.aspect >= 1.0F ? half * settings.aspect : half;
  const float tan_y = settings.aspect >= 1.0F ? half : half / settings.aspect;

  // The four planes of the view each touch the points; two of them meet at the eye.
  float left_most = kInfinity;
  float right_most = -kInfinity;
  float low_most = kInfinity;
  float high_most = -kInfinity;
  for (const Vec3& p : points) {
    const float x = dot(p, right);
    const float y = dot(p, up);
    const float z = dot(p, backward);
    left_most = std::min(left_most, x - z * tan_x);
    right_most = std::max(right_most, x + z * tan_x);
    low_most = std::min(low_most, y - z * tan_y);
    high_most = std::max(high_most, y + z * tan_y);
  }
  const float x = 0.5F * (left_most + right_most);
  const float y = 0.5F * (low_most + high_most);
  const float z =
      std::max((right_most - left_most) / (2.0F * tan_x), (high_most - low_most) / (2.0F * tan_y));
  CameraSettings camera;
  camera.fov_degrees = settings.fov_degrees;
  const Vec3 line = right * x + up * y;
  // The target is where the line of sight passes the middle of the points.
  Aabb box;
  for (const Vec3& p : points) box.grow(p);
  const float middle = dot(box.center(), backward);
  camera.target = line + backward * middle;
  camera.eye = camera.target + backward * (std::max(z - middle, 0.05F) / settings.zoom);
  return camera;
}

Setup make_mesh_setup(const TriangleMesh& mesh, const StageSettings& settings) {
  TriangleMesh placed = place_mesh(mesh, settings.up);
  Setup setup;
  setup.camera = frame_points(placed.positions, settings);
  add_mesh(setup.scene, std::move(placed), settings);
  add_stage(setup.scene, Turn(settings.yaw_degrees));
  setup.scene.prepare_lights();
  return setup;
}

}  // namespace raytracer
