#include "shapes.hpp"

#include <array>
#include <cmath>

namespace raytracer {
namespace {

/// A point of a parametric surface with its normal.
struct Vertex {
  Vec3 position;
  Vec3 normal;
};

void add_patch(Scene& scene, const Vertex& a, const Vertex& b, const Vertex& c, const Vertex& d,
               std::uint32_t material) {
  scene.geometry.triangles.push_back(
      {{a.position, b.position, c.position}, {a.normal, b.normal, c.normal}, material});
  scene.geometry.triangles.push_back(
      {{a.position, c.position, d.position}, {a.normal, c.normal, d.normal}, material});
}

float fraction(int i, int n) { return static_cast<float>(i % n) / static_cast<float>(n); }

/// Gives the middle of the tube at `t` in [0, 1).
Vec3 knot_curve(const KnotShape& shape, float t) {
  const float around = 2.0F * kPi * static_cast<float>(shape.turns) * t;
  const float winding = 2.0F * kPi * static_cast<float>(shape.windings) * t;
  const float r = shape.ring_radius + shape.winding_radius * std::cos(winding);
  return {r * std::cos(around), shape.winding_radius * std::sin(winding), r * std::sin(around)};
}

/// Gives the surface point at `t` along and `s` around the tube, both in [0, 1).
Vec3 knot_point(const KnotShape& shape, float t, float s) {
  constexpr float kStep = 1.0F / 4096.0F;
  const Vec3 middle = knot_curve(shape, t);
  const Vec3 tangent = normalize(knot_curve(shape, t + kStep) - knot_curve(shape, t - kStep));
  // Measured from the ring's middle line, so that the frame closes without a twist.
  const float around = 2.0F * kPi * static_cast<float>(shape.turns) * t;
  const Vec3 ring{shape.ring_radius * std::cos(around), 0.0F, shape.ring_radius * std::sin(around)};
  const Vec3 outward = middle - ring;
  const Vec3 side = normalize(cross(tangent, outward));
  const Vec3 up = cross(side, tangent);
  const float phi = 2.0F * kPi * s;
  float radius = shape.tube_radius;
  if (shape.strands > 0) {
    const float wave =
        std::cos(static_cast<float>(shape.strands) * (phi + 2.0F * kPi * shape.twist * t));
    radius *= 1.0F - shape.groove_depth * (0.5F - 0.5F * wave);
  }
  return middle + (side * std::cos(phi) + up * std::sin(phi)) * radius;
}

Vec3 tilted(Vec3 p, float tilt) {
  const float c = std::cos(tilt);
  const float s = std::sin(tilt);
  return {p.x, p.y * c - p.z * s, p.y * s + p.z * c};
}

/// Cuts the sponge: says whether a cell is solid, by its three base-3 digits at each level.
bool is_solid(int x, int y, int z) {
  while (x > 0 || y > 0 || z > 0) {
    const int middles = (x % 3 == 1) + (y % 3 == 1) + (z % 3 == 1);
    if (middles >= 2) return false;
    x /= 3;
    y /= 3;
    z /= 3;
  }
  return true;
}

}  // namespace

void add_torus_knot(Scene& scene, const KnotShape& shape, Vec3 center, float tilt,
                    std::uint32_t material) {
  const int n = shape.segments;
  const int m = shape.sides;
  std::vector<Vertex> grid(static_cast<std::size_t>(n) * static_cast<std::size_t>(m));
  const auto at = [&](int i, int j) -> Vertex& {
    return grid[static_cast<std::size_t>(i % n) * static_cast<std::size_t>(m) +
                static_cast<std::size_t>(j % m)];
  };
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < m; ++j) {
      at(i, j).position = tilted(knot_point(shape, fraction(i, n), fraction(j, m)), tilt) + center;
    }
  }
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < m; ++j) {
      const Vec3 along = at(i + 1, j).position - at(i + n - 1, j).position;
      const Vec3 around = at(i, j + 1).position - at(i, j + m - 1).position;
      at(i, j).normal = normalize(cross(along, around));
    }
  }
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < m; ++j) {
      add_patch(scene, at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1), material);
    }
  }
}

void add_turned_body(Scene& scene, const std::vector<ProfilePoint>& profile, Vec3 center, int sides,
                     std::uint32_t material) {
  for (std::size_t k = 0; k + 1 < profile.size(); ++k) {
    const ProfilePoint low = profile[k];
    const ProfilePoint high = profile[k + 1];
    const float run = high.height - low.height;
    const float rise = low.radius - high.radius;
    const float size = std::sqrt(run * run + rise * rise);
    const auto vertex = [&](const ProfilePoint& p, int j) {
      const float phi = 2.0F * kPi * fraction(j, sides);
      const Vec3 out{std::cos(phi), 0.0F, std::sin(phi)};
      return Vertex{center + out * p.radius + Vec3{0.0F, p.height, 0.0F},
                    out * (run / size) + Vec3{0.0F, rise / size, 0.0F}};
    };
    for (int j = 0; j < sides; ++j) {
      add_patch(scene, vertex(low, j), vertex(high, j), vertex(high, j + 1), vertex(low, j + 1),
                material);
    }
  }
}

void add_menger_sponge(Scene& scene, int level, Vec3 lower, float size, std::uint32_t material) {
  int n = 1;
  for (int i = 0; i < level; ++i) n *= 3;
  const float cell = size / static_cast<float>(n);
  const auto solid = [n](int x, int y, int z) {
    const bool is_in = x >= 0 && y >= 0 && z >= 0 && x < n && y < n && z < n;
    return is_in && is_solid(x, y, z);
  };
  const auto corner = [&](int x, int y, int z) {
    return lower + Vec3{static_cast<float>(x), static_cast<float>(y), static_cast<float>(z)} * cell;
  };
  for (int x = 0; x < n; ++x) {
    for (int y = 0; y < n; ++y) {
      for (int z = 0; z < n; ++z) {
        if (!solid(x, y, z)) continue;
        const auto c = [&](int dx, int dy, int dz) { return corner(x + dx, y + dy, z + dz); };
        const auto quad = [&](Vec3 p, Vec3 q, Vec3 r, Vec3 s) {
          scene.add_quad(p, q, r, s, material);
        };
        // Only faces between solid and air are seen.
        if (!solid(x - 1, y, z)) quad(c(0, 0, 0), c(0, 0, 1), c(0, 1, 1), c(0, 1, 0));
        if (!solid(x + 1, y, z)) quad(c(1, 0, 0), c(1, 1, 0), c(1, 1, 1), c(1, 0, 1));
        if (!solid(x, y - 1, z)) quad(c(0, 0, 0), c(1, 0, 0), c(1, 0, 1), c(0, 0, 1));
        if (!solid(x, y + 1, z)) quad(c(0, 1, 0), c(0, 1, 1), c(1, 1, 1), c(1, 1, 0));
        if (!solid(x, y, z - 1)) quad(c(0, 0, 0), c(0, 1, 0), c(1, 1, 0), c(1, 0, 0));
        if (!solid(x, y, z + 1)) quad(c(0, 0, 1), c(1, 0, 1), c(1, 1, 1), c(0, 1, 1));
      }
    }
  }
}

}  // namespace raytracer
