/// @file
/// STL: triangles as three corners each, in binary or text.

#include <bit>
#include <cstring>

#include "parse_mesh.hpp"
#include "program/input_error.hpp"
#include "text_reader.hpp"

namespace raytracer {

using program::InputError;

namespace {

constexpr std::size_t kHeaderBytes = 84;
constexpr std::size_t kTriangleBytes = 50;

std::uint32_t little_endian_u32(const char* p) {
  unsigned char b[4];
  std::memcpy(b, p, 4);
  return static_cast<std::uint32_t>(b[0]) | static_cast<std::uint32_t>(b[1]) << 8 |
         static_cast<std::uint32_t>(b[2]) << 16 | static_cast<std::uint32_t>(b[3]) << 24;
}

float little_endian_float(const char* p) { return std::bit_cast<float>(little_endian_u32(p)); }

std::uint64_t promised_bytes(std::string_view bytes) {
  return kHeaderBytes + std::uint64_t{kTriangleBytes} * little_endian_u32(bytes.data() + 80);
}

/// Says whether this is text. Some binary files begin with "solid", and a few have bytes behind
/// their last triangle, so a fitting size says binary and the word alone does not say text.
bool is_text(std::string_view bytes) {
  if (bytes.size() >= kHeaderBytes && promised_bytes(bytes) == bytes.size()) return false;
  const std::size_t begin = bytes.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return true;
  if (!equals_ignoring_case(bytes.substr(begin, 5), "solid")) return false;
  return bytes.substr(0, 1024).find('\0') == std::string_view::npos;
}

void add_corners(TriangleMesh& mesh, const Vec3 (&corners)[3]) {
  const auto first = static_cast<std::uint32_t>(mesh.positions.size());
  for (const Vec3& corner : corners) mesh.positions.push_back(corner);
  mesh.add_triangle({first, first + 1, first + 2});
}

TriangleMesh parse_binary(std::string_view bytes, const std::string& file) {
  if (bytes.size() < kHeaderBytes) {
    throw InputError(file, "it has " + std::to_string(bytes.size()) +
                               " bytes, fewer than the 84 of a binary STL header, and it is not "
                               "an ASCII STL, which begins with 'solid'");
  }
  const std::uint32_t count = little_endian_u32(bytes.data() + 80);
  const std::uint64_t promised = promised_bytes(bytes);
  if (bytes.size() < promised) {
    throw InputError(file, "it is truncated: its header promises " + std::to_string(count) +
                               " triangles, which need " + std::to_string(promised) +
                               " bytes, but it has " + std::to_string(bytes.size()));
  }
  TriangleMesh mesh;
  if (bytes.size() > promised) {
    mesh.warnings.push_back(file + ": ignored " + std::to_string(bytes.size() - promised) +
                            " bytes behind the last triangle");
  }
  mesh.positions.reserve(std::size_t{count} * 3);
  mesh.triangles.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t offset = kHeaderBytes + std::size_t{i} * kTriangleBytes;
    // Skips the normal, which the corners tell better.
    const char* p = bytes.data() + offset + 12;
    Vec3 corners[3];
    for (Vec3& corner : corners) {
      corner = {little_endian_float(p), little_endian_float(p + 4), little_endian_float(p + 8)};
      p += 12;
      if (!is_finite(corner)) {
        throw InputError(file, "triangle " + std::to_string(i) + ", at byte " +
                                   std::to_string(offset) +
                                   ", has a corner that is not a finite point");
      }
    }
    add_corners(mesh, corners);
  }
  return mesh;
}

/// Reads the text form, one statement a line.
class AsciiStl {
 public:
  AsciiStl(std::string_view bytes, const std::string& file) : reader_(bytes, file), file_(file) {}

  TriangleMesh parse() {
    while (reader_.next_line()) {
      const std::string_view keyword = reader_.word();
      if (!keyword.empty()) statement(keyword);
    }
    if (in_facet_) reader_.fail("the file ends inside a facet: it is truncated");
    if (in_solid_) {
      mesh_.warnings.push_back(file_ + ": the file ends without 'endsolid', it may be truncated");
    }
    return std::move(mesh_);
  }

 private:
  void statement(std::string_view keyword) {
    if (equals_ignoring_case(keyword, "vertex")) {
      vertex();
    } else if (equals_ignoring_case(keyword, "facet")) {
      if (in_facet_) reader_.fail("a facet begins inside a facet");
      in_facet_ = true;
      corner_count_ = 0;
    } else if (equals_ignoring_case(keyword, "endfacet")) {
      end_facet();
    } else if (equals_ignoring_case(keyword, "solid")) {
      in_solid_ = true;
    } else if (equals_ignoring_case(keyword, "endsolid")) {
      if (in_facet_) reader_.fail("the solid ends inside a facet");
      in_solid_ = false;
    } else if (!equals_ignoring_case(keyword, "outer") &&
               !equals_ignoring_case(keyword, "endloop")) {
      reader_.fail(in_quotes(keyword) + " is not a statement of an ASCII STL");
    }
  }

  void vertex() {
    if (!in_facet_) reader_.fail("a vertex stands outside a facet");
    if (corner_count_ == 3) reader_.fail("a facet has more than three vertices");
    Vec3& corner = corners_[corner_count_++];
    corner.x = reader_.number(reader_.word(), "the x of a vertex");
    corner.y = reader_.number(reader_.word(), "the y of a vertex");
    corner.z = reader_.number(reader_.word(), "the z of a vertex");
  }

  void end_facet() {
    if (!in_facet_) reader_.fail("'endfacet' stands outside a facet");
    if (corner_count_ != 3) {
      reader_.fail("a facet has " + std::to_string(corner_count_) + " vertices instead of three");
    }
    in_facet_ = false;
    add_corners(mesh_, corners_);
  }

  TextReader reader_;
  std::string file_;
  TriangleMesh mesh_;
  bool in_solid_ = false;
  bool in_facet_ = false;
  int corner_count_ = 0;
  Vec3 corners_[3];
};

}  // namespace

TriangleMesh parse_stl(std::string_view bytes, const std::string& file) {
  return is_text(bytes) ? AsciiStl(bytes, file).parse() : parse_binary(bytes, file);
}

}  // namespace raytracer
