#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <limits>

#include <weft/weft.hpp>

#include "bvh_builder.hpp"
#include "geometry.hpp"
#include "parallel_bvh.hpp"
#include "rng.hpp"

using namespace raytracer;

namespace {

/// Numbers in [-1, 1) that are the same in every run.
class Numbers {
 public:
  explicit Numbers(std::uint32_t seed) : seed_(seed) {}
  float next() { return 2.0F * to_unit_float(hash(seed_, count_++)) - 1.0F; }
  Vec3 point() {
    const float x = next();
    const float y = next();
    const float z = next();
    return {x, y, z};
  }

 private:
  std::uint32_t seed_;
  std::uint32_t count_ = 0;
};

SceneGeometry make_soup(int triangles, int spheres, float size) {
  Numbers numbers(7);
  SceneGeometry geometry;
  for (int i = 0; i < triangles; ++i) {
    Triangle t;
    const Vec3 at = numbers.point();
    for (Vec3& v : t.vertices) v = at + numbers.point() * size;
    geometry.triangles.push_back(t);
  }
  for (int i = 0; i < spheres; ++i) {
    const Vec3 at = numbers.point();
    geometry.spheres.push_back({at, size * (1.1F + numbers.next()), 0});
  }
  return geometry;
}

/// Moeller and Trumbore in double precision, which shares nothing with the code under test.
double hit_triangle(const Ray& ray, const Triangle& t) {
  struct D3 {
    double x, y, z;
  };
  const auto sub = [](Vec3 a, Vec3 b) {
    return D3{double{a.x} - b.x, double{a.y} - b.y, double{a.z} - b.z};
  };
  const auto crossed = [](D3 a, D3 b) {
    return D3{a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
  };
  const auto dotted = [](D3 a, D3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; };
  constexpr double kMiss = std::numeric_limits<double>::infinity();
  const D3 d{ray.direction.x, ray.direction.y, ray.direction.z};
  const D3 e1 = sub(t.vertices[1], t.vertices[0]);
  const D3 e2 = sub(t.vertices[2], t.vertices[0]);
  const D3 p = crossed(d, e2);
  const double det = dotted(e1, p);
  const D3 s = sub(ray.origin, t.vertices[0]);
  const double u = dotted(s, p) / det;
  const D3 q = crossed(s, e1);
  const double v = dotted(d, q) / det;
  const double at = dotted(e2, q) / det;
  return det != 0.0 && u >= 0.0 && v >= 0.0 && u + v <= 1.0 && at > 0.0 ? at : kMiss;
}

double hit_sphere(const Ray& ray, const Sphere& s) {
  const Vec3 f = ray.origin - s.center;
  const double fx = f.x;
  const double fy = f.y;
  const double fz = f.z;
  const double b = fx * ray.direction.x + fy * ray.direction.y + fz * ray.direction.z;
  const double c = fx * fx + fy * fy + fz * fz - double{s.radius} * s.radius;
  const double root = std::sqrt(b * b - c);
  if (-b - root > 0.0) return -b - root;
  return -b + root > 0.0 ? -b + root : std::numeric_limits<double>::infinity();
}

double nearest(const SceneGeometry& geometry, const Ray& ray) {
  double best = std::numeric_limits<double>::infinity();
  for (const Triangle& t : geometry.triangles) best = std::min(best, hit_triangle(ray, t));
  for (const Sphere& s : geometry.spheres) {
    const double t = hit_sphere(ray, s);
    if (t < best) best = t;
  }
  return best;
}

bool is_same(const Bvh& a, const Bvh& b) {
  const auto bytes_equal = [](const auto& x, const auto& y) {
    return x.size() == y.size() &&
           (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof x[0]) == 0);
  };
  return bytes_equal(a.nodes(), b.nodes()) && bytes_equal(a.packets(), b.packets());
}

/// Counts the primitives below a child that were not seen before.
std::size_t check_child(const Bvh& bvh, BvhChild child, const SceneGeometry& geometry,
                        std::vector<int>& seen) {
  if (!child.is_leaf()) {
    std::size_t sum = 0;
    const BvhNode& node = bvh.nodes()[child.node_index()];
    for (int i = 0; i < 4; ++i) {
      if (node.planes[0][i] <= node.planes[3][i])
        sum += check_child(bvh, node.child[i], geometry, seen);
    }
    return sum;
  }
  std::size_t fresh = 0;
  for (std::uint32_t p = 0; p < child.packet_count(); ++p) {
    for (const PrimitiveId id : bvh.packets()[child.first_packet() + p].ids) {
      if (seen[id.index() + (id.is_sphere() ? geometry.triangles.size() : 0)]++ == 0) ++fresh;
    }
  }
  return fresh;
}

}  // namespace

TEST_CASE("the tree finds what trying every primitive finds") {
  const SceneGeometry geometry = make_soup(800, 60, 0.15F);
  const Bvh bvh = build_bvh_serially(geometry);
  Numbers numbers(11);
  int hits = 0;
  for (int i = 0; i < 3000; ++i) {
    const Vec3 origin = numbers.point() * 2.0F;
    const Ray ray{origin, normalize(numbers.point() - origin * 0.5F)};
    const double expected = nearest(geometry, ray);
    const Hit hit = bvh.intersect(ray);
    // A ray through an edge may go either way within rounding; random ones do not.
    REQUIRE(hit.primitive.is_none() == std::isinf(expected));
    REQUIRE(bvh.is_occluded(ray) == !hit.primitive.is_none());
    if (hit.primitive.is_none()) continue;
    ++hits;
    REQUIRE(double{hit.t} == Approx(expected).epsilon(1e-4));
    REQUIRE_FALSE(bvh.is_occluded({ray.origin, ray.direction, hit.t * 0.999F}));
    REQUIRE(bvh.is_occluded({ray.origin, ray.direction, hit.t * 1.001F}));
  }
  REQUIRE(hits > 500);
}

TEST_CASE("rays along the axes hit, though their slopes are infinite") {
  SceneGeometry geometry;
  geometry.spheres.push_back({{0.0F, 0.0F, 0.0F}, 1.0F, 0});
  for (int i = 0; i < 40; ++i)
    geometry.spheres.push_back({{10.0F + static_cast<float>(i), 9.0F, 8.0F}, 0.2F, 0});
  const Bvh bvh = build_bvh_serially(geometry);
  for (const Vec3 axis : {Vec3{1, 0, 0}, Vec3{-1, 0, 0}, Vec3{0, 1, 0}, Vec3{0, -1, 0},
                          Vec3{0, 0, 1}, Vec3{0, 0, -1}, Vec3{-0.0F, -0.0F, 1}}) {
    const Hit hit = bvh.intersect({axis * -5.0F, axis});
    CHECK(hit.primitive == PrimitiveId::sphere(0));
    CHECK(hit.t == Approx(4.0F));
  }
}

TEST_CASE("no ray slips through the edges of a closed mesh") {
  // A fan of thin triangles around a point: rays aimed at the shared edges and at the point itself.
  SceneGeometry geometry;
  constexpr int kSides = 97;
  const auto rim = [](int i) {
    const float phi = 2.0F * kPi * static_cast<float>(i % kSides) / static_cast<float>(kSides);
    return Vec3{std::cos(phi), std::sin(phi), 0.3F * std::cos(5.0F * phi)};
  };
  const Vec3 middle{0.013F, 0.027F, 0.11F};
  for (int i = 0; i < kSides; ++i) {
    geometry.triangles.push_back({{middle, rim(i), rim(i + 1)}, {}, 0});
  }
  const Bvh bvh = build_bvh_serially(geometry);
  Numbers numbers(5);
  for (int i = 0; i < 20000; ++i) {
    const Vec3 origin = Vec3{0.0F, 0.0F, 4.0F} + numbers.point();
    const float along = 0.45F + 0.45F * numbers.next();
    const Vec3 aim = lerp(middle, rim(i), i % 50 == 0 ? 0.0F : along);
    REQUIRE_FALSE(bvh.intersect({origin, normalize(aim - origin)}).primitive.is_none());
  }
}

TEST_CASE("every primitive is in the tree, whatever the shape of the scene") {
  SceneGeometry same = make_soup(100, 0, 0.1F);
  for (Triangle& t : same.triangles) t = same.triangles[0];
  SceneGeometry spread = make_soup(300, 40, 0.0F);
  for (std::size_t i = 0; i < spread.triangles.size(); ++i) {
    // Distances that double with each primitive make the deepest trees.
    const float x = std::ldexp(1.0F, static_cast<int>(i % 60));
    spread.triangles[i].vertices[0] = {x, 0.0F, 0.0F};
    spread.triangles[i].vertices[1] = {x, 1.0F, 0.0F};
    spread.triangles[i].vertices[2] = {x, 0.0F, 1.0F};
  }
  for (const SceneGeometry& geometry :
       {make_soup(1, 0, 1.0F), make_soup(0, 1, 1.0F), make_soup(5, 5, 1.0F), same, spread}) {
    const Bvh bvh = build_bvh_serially(geometry);
    std::vector<int> seen(geometry.triangles.size() + geometry.spheres.size());
    CHECK(check_child(bvh, BvhChild::node(0), geometry, seen) == seen.size());
  }
}

TEST_CASE("an empty scene has an empty tree, which nothing hits") {
  const Bvh bvh = build_bvh_serially({});
  CHECK(bvh.intersect({{0, 0, 0}, {0, 0, 1}}).primitive.is_none());
  CHECK_FALSE(bvh.is_occluded({{0, 0, 0}, {0, 0, 1}}));
}

TEST_CASE("fork and join builds the same tree, byte for byte, on any number of workers") {
  const SceneGeometry geometry = make_soup(12000, 300, 0.03F);
  const Bvh serial = build_bvh_serially(geometry);
  for (const unsigned workers : {1U, 2U, 5U}) {
    weft::Runtime runtime{{.workers = workers}};
    const Bvh parallel = runtime.run(build_bvh(geometry));
    CHECK(is_same(serial, parallel));
  }
}
