#include <catch2/catch.hpp>

#include <cmath>
#include <stdexcept>

#include "mesh_normals.hpp"
#include "setup.hpp"

using namespace raytracer;

namespace {

/// A box of the given size at the given place, twelve triangles, corners not shared between sides.
TriangleMesh make_box(Vec3 size, Vec3 at) {
  TriangleMesh mesh;
  const auto corner = [&](int bits) {
    return at + Vec3{(bits & 1) != 0 ? size.x : 0.0F, (bits & 2) != 0 ? size.y : 0.0F,
                     (bits & 4) != 0 ? size.z : 0.0F};
  };
  const int sides[6][4] = {{0, 4, 6, 2}, {1, 3, 7, 5}, {0, 1, 5, 4},
                           {2, 6, 7, 3}, {0, 2, 3, 1}, {4, 5, 7, 6}};
  for (const auto& side : sides) {
    const auto first = static_cast<std::uint32_t>(mesh.positions.size());
    for (const int bits : side) mesh.positions.push_back(corner(bits));
    mesh.add_triangle({first, first + 1, first + 2});
    mesh.add_triangle({first, first + 2, first + 3});
  }
  return mesh;
}

/// Gives the largest distance from the middle of the picture, 1 being the edge; -1 behind the eye.
float reach(const CameraSettings& settings, const std::vector<Vec3>& points, int width,
            int height) {
  const Camera camera(settings, width, height);
  const float half = std::tan(settings.fov_degrees * kPi / 360.0F);
  const float shorter = static_cast<float>(std::min(width, height));
  float most = 0.0F;
  for (const Vec3& p : points) {
    const Vec3 v = p - camera.eye();
    const float depth = dot(v, camera.forward());
    if (depth <= 0.0F) return -1.0F;
    const float x = dot(v, camera.right()) / depth / half * shorter / static_cast<float>(width);
    const float y = dot(v, camera.up()) / depth / half * shorter / static_cast<float>(height);
    most = std::max({most, std::abs(x), std::abs(y)});
  }
  return most;
}

}  // namespace

TEST_CASE("a mesh of any size and place stands on the floor, scaled to the stage") {
  for (const float scale : {1e-30F, 1.0F, 1e30F}) {
    const TriangleMesh mesh = make_box(Vec3{2, 4, 6} * scale, Vec3{100, -50, 7} * scale);
    const StageTransform transform = StageTransform::fit(mesh, UpAxis::Y);
    Aabb box;
    for (const Vec3& p : mesh.positions) box.grow(transform.apply(p));
    CHECK(box.lower.y == Approx(0.0F).margin(1e-5));
    CHECK(box.center().x == Approx(0.0F).margin(1e-5));
    CHECK(box.center().z == Approx(0.0F).margin(1e-5));
    CHECK(length(box.extent()) == Approx(2.0F).epsilon(1e-4));
  }
}

TEST_CASE("z-up meshes are turned so that their front, -y, faces the camera") {
  const TriangleMesh mesh = make_box({2, 4, 6}, {0, 0, 0});
  const StageTransform transform = StageTransform::fit(mesh, UpAxis::Z);
  CHECK(transform.apply({1, 0, 3}).z > transform.apply({1, 4, 3}).z);
  CHECK(transform.apply({1, 2, 6}).y > transform.apply({1, 2, 0}).y);
}

TEST_CASE("the whole mesh is in the picture, and fills it, from everywhere") {
  const TriangleMesh mesh = make_box({3, 1, 2}, {5, 5, 5});
  for (const float yaw : {0.0F, 30.0F, 200.0F}) {
    for (const float pitch : {-20.0F, 18.0F, 80.0F}) {
      for (const auto& [width, height] :
           {std::pair{160, 90}, std::pair{90, 160}, std::pair{100, 100}}) {
        StageSettings settings;
        settings.yaw_degrees = yaw;
        settings.pitch_degrees = pitch;
        settings.aspect = static_cast<float>(width) / static_cast<float>(height);
        const Setup setup = make_mesh_setup(mesh, settings);
        const StageTransform transform = StageTransform::fit(mesh, settings.up);
        std::vector<Vec3> points;
        for (const Vec3& p : mesh.positions) points.push_back(transform.apply(p));
        const float most = reach(setup.camera, points, width, height);
        INFO("yaw " << yaw << " pitch " << pitch << " " << width << "x" << height);
        CHECK(most < 1.0F);
        CHECK(most > 0.75F);
      }
    }
  }
}

TEST_CASE("a mesh without area or extent is refused") {
  TriangleMesh point;
  point.positions = {{1, 1, 1}};
  point.add_triangle({0, 0, 0});
  CHECK_THROWS_AS(make_mesh_setup(point, {}), std::invalid_argument);
  TriangleMesh line;
  line.positions = {{0, 0, 0}, {1, 1, 1}, {2, 2, 2}};
  line.add_triangle({0, 1, 2});
  CHECK_THROWS_AS(make_mesh_setup(line, {}), std::invalid_argument);
}

TEST_CASE("normals of slivers too thin for their squares are unit vectors all the same") {
  for (const float width : {1e-12F, 1e-20F, 1e-22F, 1e-30F}) {
    TriangleMesh mesh;
    mesh.positions = {{0, 0, 0}, {1, 0, 0}, {0, 0, width}, {1, 1, 0}};
    mesh.add_triangle({0, 1, 2});
    mesh.add_triangle({0, 1, 3});
    const Setup setup = make_mesh_setup(mesh, {});
    for (const Triangle& t : setup.scene.geometry.triangles) {
      CHECK(length(t.scaled_normal()) > 0.0F);
      for (const Vec3& n : t.normals) CHECK(length(n) == Approx(1.0F).epsilon(1e-4));
    }
  }
}

TEST_CASE("edges sharper than the crease angle stay sharp, others are smoothed") {
  const TriangleMesh box = make_box({1, 1, 1}, {0, 0, 0});
  const std::vector<Vec3> sharp = compute_corner_normals(box, 40.0F);
  for (const Vec3& n : sharp)
    CHECK(max_component({std::abs(n.x), std::abs(n.y), std::abs(n.z)}) == Approx(1.0F));
  const std::vector<Vec3> smooth = compute_corner_normals(box, 100.0F);
  for (const Vec3& n : smooth) {
    CHECK(std::abs(n.x) == Approx(0.57735F).epsilon(1e-3));
    CHECK(length(n) == Approx(1.0F));
  }
}

TEST_CASE(
    "the file's normals are taken, turned with the mesh, unless a crease angle is asked for") {
  TriangleMesh mesh;
  mesh.positions = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}};
  mesh.add_triangle({0, 1, 2});
  mesh.set_normals({Vec3{0, -3, 4}, Vec3{0, 0, 0}, Vec3{0, 0, 1e-30F}});
  StageSettings settings;
  settings.up = UpAxis::Z;
  const Triangle own = make_mesh_setup(mesh, settings).scene.geometry.triangles[0];
  CHECK(own.normals[0].y == Approx(0.8F));
  CHECK(own.normals[0].z == Approx(0.6F));
  CHECK(own.normals[1] == Vec3{0, 1, 0});
  CHECK(own.normals[2] == Vec3{0, 1, 0});
  settings.crease_degrees = 30.0F;
  const Triangle computed = make_mesh_setup(mesh, settings).scene.geometry.triangles[0];
  CHECK(computed.normals[0] == Vec3{0, 1, 0});
}

TEST_CASE("the built-in scene shows every kind of material") {
  const Setup setup = make_builtin_setup();
  bool seen[5] = {};
  for (const Material& m : setup.scene.materials) seen[static_cast<int>(m.kind)] = true;
  CHECK(seen[static_cast<int>(MaterialKind::Glossy)]);
  CHECK(seen[static_cast<int>(MaterialKind::Metal)]);
  CHECK(seen[static_cast<int>(MaterialKind::Glass)]);
  CHECK(seen[static_cast<int>(MaterialKind::Emissive)]);
  CHECK(seen[static_cast<int>(MaterialKind::Diffuse)]);
  CHECK(setup.camera.lens_radius > 0.0F);
}
