/// @file
/// Small valid mesh files, from which broken ones are made.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace raytracer_test {

/// Appends the bytes of a number, reversed for big-endian files.
template <class T>
void put(std::string& bytes, T value, bool is_big = false) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  if (is_big) std::reverse(raw, raw + sizeof value);
  bytes.append(raw, sizeof value);
}

inline std::string binary_stl() {
  std::string bytes(80, ' ');
  put(bytes, std::uint32_t{3});
  for (int triangle = 0; triangle < 3; ++triangle) {
    for (int i = 0; i < 12; ++i) put(bytes, static_cast<float>((i * 7 + triangle * 5) % 11) - 4.5F);
    put(bytes, std::uint16_t{0});
  }
  return bytes;
}

inline std::string text_stl() {
  return "solid corner\n"
         "facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1.5e0 0 0\nvertex 0 +1 -0\nendloop\n"
         "endfacet\n"
         "  facet normal 0 0 0\n outer loop\n  vertex 1 2 3\n  vertex 4 5 6\n  vertex 7 8 -9\n"
         " endloop\n endfacet\nendsolid corner\n";
}

inline std::string ply_header(const char* format) {
  return std::string("ply\nformat ") + format +
         " 1.0\ncomment a seed\nelement vertex 5\nproperty float x\nproperty double y\n"
         "property float z\nproperty uchar red\nelement face 2\n"
         "property list uchar int vertex_indices\nproperty short flags\nelement extra 2\n"
         "property list ushort uint8 numbers\nend_header\n";
}

inline std::string text_ply() {
  return ply_header("ascii") +
         "0 0 0 255\n1 0 0 1\n1 1 0 2\n0 1 0.5 3\n2e-1 2 1 4\n5 0 1 2 3 4 7\n3 0 1 2 -7\n2 1 "
         "2\n0\n";
}

inline std::string binary_ply(bool is_big) {
  std::string bytes = ply_header(is_big ? "binary_big_endian" : "binary_little_endian");
  const float corners[5][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0.5F}, {0.2F, 2, 1}};
  for (const auto& c : corners) {
    put(bytes, c[0], is_big);
    put(bytes, double{c[1]}, is_big);
    put(bytes, c[2], is_big);
    put(bytes, std::uint8_t{255}, is_big);
  }
  for (const std::int32_t count : {5, 3}) {
    put(bytes, static_cast<std::uint8_t>(count), is_big);
    for (std::int32_t i = 0; i < count; ++i) put(bytes, i, is_big);
    put(bytes, std::int16_t{7}, is_big);
  }
  put(bytes, std::uint16_t{2}, is_big);
  put(bytes, std::uint16_t{0x0102}, is_big);
  put(bytes, std::uint16_t{0}, is_big);
  return bytes;
}

inline std::string obj() {
  return "# a seed\nmtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 0.5 .5 -1e0\nvt 0 0\nvt 1.5 -2\n"
         "vn 0 0 1\nvn 1 0 -1\no part\ng group\ns 1\nusemtl red\nf 1/1 2/-1 3/2 4/1\nf 1/1/1 2/1/2 5//2\n"
         "usemtl glass\nf -1 -2 -3\nf 1//1 \\\n 2//1 \\\n 3//2\ns off\nusemtl lamp\n"
         "f 1/1 2/2 5/1 3/2 4/1 2/2 5/1\nl 1 2\n";
}

inline std::string mtl() {
  return "newmtl red\nKa 0 0 0\nKd 0.8 0.1 0.1\nKs 0.5 0.5 0.5\nNs 100\nillum 2\nmap_Kd b c.png\n"
         "newmtl glass\nd 0.3\nTr 0.7\nNi 1.5\nillum 4\nKd 0 0 0\nTf 1 1 1\n"
         "newmtl lamp\nKe 5 4 3\nKd 0\nPr 0.5\nPm 1\n"
         "map_Kd -s 1 2 1 -o 0.5 -clamp on -mm 0 1 a.png\nd -halo 1\n";
}

}  // namespace raytracer_test
