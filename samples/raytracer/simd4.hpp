/// @file
/// Four floats at a time: SSE2 on x86-64, the compiler's portable vectors elsewhere.
/// Every operation rounds as IEEE 754 says, so both give the same bits.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "vec.hpp"

namespace raytracer {

#if defined(__SSE2__)

struct Float4 {
  __m128 v;

  [[nodiscard]] static Float4 splat(float s) { return {_mm_set1_ps(s)}; }
  [[nodiscard]] static Float4 load(const float* p) { return {_mm_loadu_ps(p)}; }
  [[nodiscard]] static Float4 load_aligned(const float* p) { return {_mm_load_ps(p)}; }
  void store(float* p) const { _mm_storeu_ps(p, v); }
};

/// Holds all ones or all zeros in each lane.
struct Mask4 {
  __m128 v;

  /// Gives one bit a lane, lane 0 lowest.
  [[nodiscard]] unsigned bits() const { return static_cast<unsigned>(_mm_movemask_ps(v)); }
};

[[nodiscard]] inline Float4 operator+(Float4 a, Float4 b) { return {_mm_add_ps(a.v, b.v)}; }
[[nodiscard]] inline Float4 operator-(Float4 a, Float4 b) { return {_mm_sub_ps(a.v, b.v)}; }
[[nodiscard]] inline Float4 operator*(Float4 a, Float4 b) { return {_mm_mul_ps(a.v, b.v)}; }
[[nodiscard]] inline Float4 operator/(Float4 a, Float4 b) { return {_mm_div_ps(a.v, b.v)}; }
[[nodiscard]] inline Float4 min(Float4 a, Float4 b) { return {_mm_min_ps(a.v, b.v)}; }
[[nodiscard]] inline Float4 max(Float4 a, Float4 b) { return {_mm_max_ps(a.v, b.v)}; }
[[nodiscard]] inline Float4 sqrt(Float4 a) { return {_mm_sqrt_ps(a.v)}; }
[[nodiscard]] inline Float4 abs(Float4 a) { return {_mm_andnot_ps(_mm_set1_ps(-0.0F), a.v)}; }
[[nodiscard]] inline Mask4 operator<(Float4 a, Float4 b) { return {_mm_cmplt_ps(a.v, b.v)}; }
[[nodiscard]] inline Mask4 operator<=(Float4 a, Float4 b) { return {_mm_cmple_ps(a.v, b.v)}; }
[[nodiscard]] inline Mask4 operator&(Mask4 a, Mask4 b) { return {_mm_and_ps(a.v, b.v)}; }
[[nodiscard]] inline Mask4 operator|(Mask4 a, Mask4 b) { return {_mm_or_ps(a.v, b.v)}; }
[[nodiscard]] inline Float4 select(Mask4 m, Float4 yes, Float4 no) {
  return {_mm_or_ps(_mm_and_ps(m.v, yes.v), _mm_andnot_ps(m.v, no.v))};
}

#else

using FloatVector = float __attribute__((vector_size(16)));
using IntVector = std::int32_t __attribute__((vector_size(16)));

struct Float4 {
  FloatVector v;

  [[nodiscard]] static Float4 splat(float s) { return {FloatVector{s, s, s, s}}; }
  [[nodiscard]] static Float4 load(const float* p) {
    Float4 r;
    std::memcpy(&r.v, p, sizeof r.v);
    return r;
  }
  [[nodiscard]] static Float4 load_aligned(const float* p) { return load(p); }
  void store(float* p) const { std::memcpy(p, &v, sizeof v); }
};

struct Mask4 {
  IntVector v;

  [[nodiscard]] unsigned bits() const {
    const IntVector weights{1, 2, 4, 8};
    const IntVector b = v & weights;
    return static_cast<unsigned>(b[0] | b[1] | b[2] | b[3]);
  }
};

[[nodiscard]] inline Float4 select(Mask4 m, Float4 yes, Float4 no) {
  return {reinterpret_cast<FloatVector>((reinterpret_cast<IntVector>(yes.v) & m.v) |
                                        (reinterpret_cast<IntVector>(no.v) & ~m.v))};
}
[[nodiscard]] inline Float4 operator+(Float4 a, Float4 b) { return {a.v + b.v}; }
[[nodiscard]] inline Float4 operator-(Float4 a, Float4 b) { return {a.v - b.v}; }
[[nodiscard]] inline Float4 operator*(Float4 a, Float4 b) { return {a.v * b.v}; }
[[nodiscard]] inline Float4 operator/(Float4 a, Float4 b) { return {a.v / b.v}; }
[[nodiscard]] inline Mask4 operator<(Float4 a, Float4 b) { return {IntVector(a.v < b.v)}; }
[[nodiscard]] inline Mask4 operator<=(Float4 a, Float4 b) { return {IntVector(a.v <= b.v)}; }
[[nodiscard]] inline Mask4 operator&(Mask4 a, Mask4 b) { return {a.v & b.v}; }
[[nodiscard]] inline Mask4 operator|(Mask4 a, Mask4 b) { return {a.v | b.v}; }
// Like SSE: the second operand where either is not a number.
[[nodiscard]] inline Float4 min(Float4 a, Float4 b) { return select(a < b, a, b); }
[[nodiscard]] inline Float4 max(Float4 a, Float4 b) { return select(b < a, a, b); }
[[nodiscard]] inline Float4 sqrt(Float4 a) {
  return {FloatVector{std::sqrt(a.v[0]), std::sqrt(a.v[1]), std::sqrt(a.v[2]), std::sqrt(a.v[3])}};
}
[[nodiscard]] inline Float4 abs(Float4 a) {
  const IntVector mask{0x7FFF'FFFF, 0x7FFF'FFFF, 0x7FFF'FFFF, 0x7FFF'FFFF};
  return {reinterpret_cast<FloatVector>(reinterpret_cast<IntVector>(a.v) & mask)};
}

#endif

/// Four vectors, one a lane.
struct Vec3x4 {
  Float4 x;
  Float4 y;
  Float4 z;

  [[nodiscard]] static Vec3x4 splat(Vec3 s) {
    return {Float4::splat(s.x), Float4::splat(s.y), Float4::splat(s.z)};
  }
};

[[nodiscard]] inline Vec3x4 operator+(const Vec3x4& a, const Vec3x4& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
[[nodiscard]] inline Vec3x4 operator-(const Vec3x4& a, const Vec3x4& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
[[nodiscard]] inline Vec3x4 operator*(const Vec3x4& a, Float4 s) {
  return {a.x * s, a.y * s, a.z * s};
}
[[nodiscard]] inline Float4 dot(const Vec3x4& a, const Vec3x4& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
[[nodiscard]] inline Vec3x4 cross(const Vec3x4& a, const Vec3x4& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

}  // namespace raytracer
