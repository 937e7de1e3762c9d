#include "mesh_normals.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "rng.hpp"

namespace raytracer {
namespace {

/// A point where more corners meet is shaded flat: comparing all pairs would take too long.
constexpr std::uint32_t kMostCornersAtPoint = 512;

/// Makes a vector a unit vector; one too short for its square to have all its digits gives `other`.
Vec3 unit_or(Vec3 v, Vec3 other) {
  const float squared = dot(v, v);
  return squared >= std::numeric_limits<float>::min() ? v / std::sqrt(squared) : other;
}

/// Gives equal positions equal numbers, by a hash table with open addressing.
std::vector<std::uint32_t> weld(const std::vector<Vec3>& positions) {
  constexpr std::uint32_t kFree = 0xFFFF'FFFFU;
  const std::size_t slots = std::bit_ceil(positions.size() * 2 + 1);
  std::vector<std::uint32_t> table(slots, kFree);
  std::vector<std::uint32_t> welded(positions.size());
  for (std::uint32_t i = 0; i < positions.size(); ++i) {
    // Adding zero turns -0 into 0, which compares equal but has other bits.
    const auto bits = [](float v) { return std::bit_cast<std::uint32_t>(v + 0.0F); };
    const Vec3 p = positions[i];
    std::size_t slot = hash(hash(bits(p.x), bits(p.y)), bits(p.z)) & (slots - 1);
    while (table[slot] != kFree && positions[table[slot]] != p) slot = (slot + 1) & (slots - 1);
    if (table[slot] == kFree) table[slot] = i;
    welded[i] = table[slot];
  }
  return welded;
}

/// A triangle's unit normal, and its angles at the corners.
struct Face {
  Vec3 normal;
  float angles[3];
};

Face make_face(const TriangleMesh& mesh, const TriangleMesh::Indices& t) {
  const Vec3 p[3] = {mesh.positions[t[0]], mesh.positions[t[1]], mesh.positions[t[2]]};
  Face face{};
  face.normal = unit_or(cross(p[1] - p[0], p[2] - p[0]), {0.0F, 0.0F, 0.0F});
  for (std::size_t i = 0; i < 3; ++i) {
    const Vec3 a = p[(i + 1) % 3] - p[i];
    const Vec3 b = p[(i + 2) % 3] - p[i];
    face.angles[i] = std::atan2(length(cross(a, b)), dot(a, b));
  }
  return face;
}

}  // namespace

std::vector<Vec3> compute_corner_normals(const TriangleMesh& mesh, float crease_degrees) {
  const std::size_t corner_count = mesh.triangles.size() * 3;
  std::vector<Face> faces;
  faces.reserve(mesh.triangles.size());
  for (const auto& t : mesh.triangles) faces.push_back(make_face(mesh, t));

  // Groups the corners by point: those of point v are corners[begin[v]] .. corners[begin[v + 1]].
  const std::vector<std::uint32_t> welded = weld(mesh.positions);
  const auto point_of = [&](std::size_t corner) {
    return welded[mesh.triangles[corner / 3][corner % 3]];
  };
  std::vector<std::uint32_t> begin(mesh.positions.size() + 1, 0);
  for (std::size_t c = 0; c < corner_count; ++c) ++begin[point_of(c) + 1];
  for (std::size_t v = 1; v < begin.size(); ++v) begin[v] += begin[v - 1];
  std::vector<std::uint32_t> corners(corner_count);
  std::vector<std::uint32_t> next(begin.begin(), begin.end() - 1);
  for (std::size_t c = 0; c < corner_count; ++c) {
    corners[next[point_of(c)]++] = static_cast<std::uint32_t>(c);
  }

  const float least_cosine = std::cos(crease_degrees * (kPi / 180.0F));
  std::vector<Vec3> normals(corner_count);
  for (std::size_t c = 0; c < corner_count; ++c) {
    const Vec3 own = faces[c / 3].normal;
    const std::uint32_t point = point_of(c);
    Vec3 sum;
    if (begin[point + 1] - begin[point] <= kMostCornersAtPoint) {
      for (std::uint32_t i = begin[point]; i < begin[point + 1]; ++i) {
        const Face& other = faces[corners[i] / 3];
        if (dot(own, other.normal) >= least_cosine) {
          sum += other.normal * other.angles[corners[i] % 3];
        }
      }
    }
    normals[c] = unit_or(sum, own);
  }
  return normals;
}

std::vector<Vec3> choose_corner_normals(const TriangleMesh& mesh, float crease_degrees) {
  std::vector<Vec3> normals = compute_corner_normals(mesh, crease_degrees);
  for (std::size_t c = 0; c < mesh.corner_normals.size(); ++c) {
    // Their directions count, whatever their length.
    const Vec3 own = mesh.corner_normals[c];
    const float size = std::max({std::abs(own.x), std::abs(own.y), std::abs(own.z)});
    if (size > 0.0F) normals[c] = unit_or(own / size, normals[c]);
  }
  return normals;
}

}  // namespace raytracer
