#include "triangulate.hpp"

#include <array>
#include <cmath>
#include <string>

namespace raytracer {
namespace {

/// Cutting ears takes cubic time in the worst case, so there is an end to it.
constexpr std::size_t kMostCorners = 256;

struct Point2 {
  double x;
  double y;
};

double cross2(Point2 o, Point2 a, Point2 b) {
  return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
}

/// Drops the axis along which the polygon's normal is longest, keeping its turning direction.
std::vector<Point2> flatten(const TriangleMesh& mesh, const std::vector<std::uint32_t>& polygon) {
  double nx = 0.0;
  double ny = 0.0;
  double nz = 0.0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Vec3 a = mesh.positions[polygon[i]];
    const Vec3 b = mesh.positions[polygon[(i + 1) % polygon.size()]];
    nx += (double{a.y} - b.y) * (double{a.z} + b.z);
    ny += (double{a.z} - b.z) * (double{a.x} + b.x);
    nz += (double{a.x} - b.x) * (double{a.y} + b.y);
  }
  const double ax = std::abs(nx);
  const double ay = std::abs(ny);
  const double az = std::abs(nz);
  std::vector<Point2> points;
  points.reserve(polygon.size());
  for (const std::uint32_t index : polygon) {
    const Vec3 p = mesh.positions[index];
    if (az >= ax && az >= ay) {
      points.push_back({nz >= 0.0 ? p.x : -p.x, p.y});
    } else if (ax >= ay) {
      points.push_back({nx >= 0.0 ? p.y : -p.y, p.z});
    } else {
      points.push_back({ny >= 0.0 ? p.z : -p.z, p.x});
    }
  }
  return points;
}

bool is_inside(Point2 p, Point2 a, Point2 b, Point2 c) {
  return cross2(a, b, p) >= 0.0 && cross2(b, c, p) >= 0.0 && cross2(c, a, p) >= 0.0;
}

/// Says whether the corner at `i` of what is left can be cut off without cutting the outline.
bool is_ear(const std::vector<Point2>& points, const std::vector<std::size_t>& left,
            std::size_t i) {
  const std::size_t n = left.size();
  const std::size_t before = (i + n - 1) % n;
  const std::size_t after = (i + 1) % n;
  const Point2 a = points[left[before]];
  const Point2 b = points[left[i]];
  const Point2 c = points[left[after]];
  if (cross2(a, b, c) <= 0.0) return false;
  for (std::size_t k = 0; k < n; ++k) {
    if (k == before || k == i || k == after) continue;
    const Point2 p = points[left[k]];
    const bool is_corner =
        (p.x == a.x && p.y == a.y) || (p.x == b.x && p.y == b.y) || (p.x == c.x && p.y == c.y);
    if (!is_corner && is_inside(p, a, b, c)) return false;
  }
  return true;
}

/// Adds the triangle of three of a polygon's corners.
void add_part(TriangleMesh& mesh, const Polygon& polygon, std::array<std::size_t, 3> corners) {
  const auto [a, b, c] = corners;
  mesh.add_triangle({polygon.vertices[a], polygon.vertices[b], polygon.vertices[c]},
                    polygon.material);
  if (!polygon.normals.empty()) {
    mesh.set_normals({polygon.normals[a], polygon.normals[b], polygon.normals[c]});
  }
  if (!polygon.uvs.empty()) mesh.set_uvs({polygon.uvs[a], polygon.uvs[b], polygon.uvs[c]});
}

void cut_ears(TriangleMesh& mesh, const Polygon& polygon) {
  const std::vector<Point2> points = flatten(mesh, polygon.vertices);
  std::vector<std::size_t> left(points.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  while (left.size() > 3) {
    std::size_t ear = 0;
    while (ear < left.size() && !is_ear(points, left, ear)) ++ear;
    // A polygon that crosses itself has no ear left; any corner will do.
    if (ear == left.size()) ear = 0;
    const std::size_t n = left.size();
    add_part(mesh, polygon, {left[(ear + n - 1) % n], left[ear], left[(ear + 1) % n]});
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(ear));
  }
  add_part(mesh, polygon, {left[0], left[1], left[2]});
}

}  // namespace

void PolygonCutter::cut(TriangleMesh& mesh, const Polygon& polygon) {
  const std::size_t count = polygon.vertices.size();
  if (count > 3 && count <= kMostCorners) return cut_ears(mesh, polygon);
  if (count < 3) ++too_small_;
  if (count > kMostCorners) ++large_;
  for (std::size_t i = 2; i < count; ++i) add_part(mesh, polygon, {0, i - 1, i});
}

void PolygonCutter::warn(TriangleMesh& mesh, const std::string& file) const {
  if (too_small_ > 0) {
    mesh.warnings.push_back(file + ": skipped " + std::to_string(too_small_) +
                            " faces with fewer than three corners");
  }
  if (large_ > 0) {
    mesh.warnings.push_back(file + ": " + std::to_string(large_) + " faces have more than " +
                            std::to_string(kMostCorners) +
                            " corners; those of them that are concave lose their outline");
  }
}

}  // namespace raytracer
