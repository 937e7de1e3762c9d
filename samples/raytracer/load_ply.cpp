/// @file
/// PLY: the rows of numbers that the header describes, in text or binary.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "parse_mesh.hpp"
#include "ply_header.hpp"
#include "program/input_error.hpp"
#include "text_reader.hpp"
#include "triangulate.hpp"

namespace raytracer {

using program::InputError;

namespace {

/// Turns what a float cannot hold into infinity, which the caller refuses.
float to_float(double value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return std::abs(value) > kLargest ? kInfinity : static_cast<float>(value);
}

std::string whole(double value) {
  if (!(std::abs(value) < 9e15)) return "a number beyond reason";
  return std::to_string(static_cast<std::int64_t>(value));
}

class PlyParser {
 public:
  PlyParser(std::string_view bytes, const std::string& file)
      : bytes_(bytes), file_(file), reader_(bytes, file) {}

  TriangleMesh parse() {
    header_ = read_ply_header(reader_, file_);
    position_ = reader_.offset();
    for (const PlyElement& element : header_.elements) read_element(element);
    // Polygons are cut last, since faces may stand in front of the vertices.
    cut_polygons();
    return std::move(mesh_);
  }

 private:
  void read_element(const PlyElement& element) {
    // Rows without columns take no bytes, however many there are.
    if (element.properties.empty()) return;
    check_room(element);
    if (element.name == "vertex") {
      read_vertices(element);
    } else if (element.name == "face") {
      read_faces(element);
    } else {
      for (std::uint64_t i = 0; i < element.count; ++i) {
        for (const PlyProperty& p : element.properties) skip(p);
      }
    }
  }

  /// Gives the bytes that were not read yet; one more in text, whose last number needs no space.
  [[nodiscard]] std::uint64_t bytes_left() const {
    if (header_.format != PlyFormat::Text) return bytes_.size() - position_;
    return reader_.remaining_bytes() + reader_.line_bytes() + 1;
  }

  /// Refuses counts that the rest of the file cannot hold, before memory is asked for.
  void check_room(const PlyElement& element) const {
    const std::uint64_t left = bytes_left();
    if (element.count <= left / element.least_row_bytes(header_.format)) return;
    throw InputError(file_, "it is truncated: its header promises " +
                                std::to_string(element.count) + " of " + in_quotes(element.name) +
                                ", but only " + std::to_string(left) + " bytes are left for them");
  }

  void read_vertices(const PlyElement& element) {
    const auto [x, y, z] = header_.position_columns;
    mesh_.positions.reserve(static_cast<std::size_t>(element.count));
    for (std::uint64_t row = 0; row < element.count; ++row) {
      Vec3 v;
      for (std::size_t i = 0; i < element.properties.size(); ++i) {
        const PlyProperty& p = element.properties[i];
        if (p.count_type) {
          skip(p);
          continue;
        }
        const float value = to_float(read(p.type));
        if (i == x) v.x = value;
        if (i == y) v.y = value;
        if (i == z) v.z = value;
      }
      if (!is_finite(v)) fail("vertex " + std::to_string(row) + " is not a finite point");
      mesh_.positions.push_back(v);
    }
  }

  void read_faces(const PlyElement& element) {
    for (std::uint64_t row = 0; row < element.count; ++row) {
      for (const PlyProperty& p : element.properties) {
        if (p.is_corner_list()) {
          read_corners(p, row);
        } else {
          skip(p);
        }
      }
    }
  }

  void read_corners(const PlyProperty& p, std::uint64_t row) {
    const std::uint64_t count = read_list_count(p);
    for (std::uint64_t i = 0; i < count; ++i) {
      const double index = read(p.type);
      // As many points will be there in the end: read_vertices() makes them all or throws.
      if (!(index >= 0.0 && index < static_cast<double>(header_.vertex_count))) {
        fail("face " + std::to_string(row) + " names vertex " + whole(index) + ", but there are " +
             std::to_string(header_.vertex_count) + " vertices, counted from 0");
      }
      if (index != std::floor(index)) {
        fail("face " + std::to_string(row) + " names a vertex by a number that is not whole");
      }
      corners_.push_back(static_cast<std::uint32_t>(index));
    }
    polygon_sizes_.push_back(static_cast<std::uint32_t>(count));
  }

  std::uint64_t read_list_count(const PlyProperty& p) {
    const double count = read(*p.count_type);
    const std::uint64_t least = header_.format == PlyFormat::Text ? 2 : size_of(p.type);
    const std::uint64_t left = bytes_left();
    if (!(count >= 0.0) || count > static_cast<double>(left / least)) {
      fail("a list promises more numbers than the file has left");
    }
    if (count != std::floor(count)) fail("a list promises a number of numbers that is not whole");
    return static_cast<std::uint64_t>(count);
  }

  void skip(const PlyProperty& p) {
    const std::uint64_t count = p.count_type ? read_list_count(p) : 1;
    for (std::uint64_t i = 0; i < count; ++i) read(p.type);
  }

  double read(PlyNumber type) {
    if (header_.format == PlyFormat::Text) {
      const std::string_view word = reader_.word_across_lines();
      if (word.empty()) reader_.fail("the file ends in the middle of its data: it is truncated");
      return reader_.real(word, "a value");
    }
    const std::size_t size = size_of(type);
    if (bytes_.size() - position_ < size) fail("the file is truncated");
    unsigned char raw[8] = {};
    std::memcpy(raw, bytes_.data() + position_, size);
    position_ += size;
    if (header_.format == PlyFormat::BigEndian) std::reverse(raw, raw + size);
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < size; ++i) bits |= std::uint64_t{raw[i]} << (8 * i);
    return decode(type, bits);
  }

  static double decode(PlyNumber type, std::uint64_t bits) {
    switch (type) {
      case PlyNumber::I8:
        return static_cast<std::int8_t>(bits);
      case PlyNumber::U8:
        return static_cast<std::uint8_t>(bits);
      case PlyNumber::I16:
        return static_cast<std::int16_t>(bits);
      case PlyNumber::U16:
        return static_cast<std::uint16_t>(bits);
      case PlyNumber::I32:
        return static_cast<std::int32_t>(bits);
      case PlyNumber::U32:
        return static_cast<std::uint32_t>(bits);
      case PlyNumber::F32:
        return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
      case PlyNumber::F64:
        break;
    }
    return std::bit_cast<double>(bits);
  }

  [[noreturn]] void fail(const std::string& what) const {
    if (header_.format == PlyFormat::Text) reader_.fail(what);
    throw InputError(file_, "byte " + std::to_string(position_) + ": " + what);
  }

  void cut_polygons() {
    PolygonCutter cutter;
    auto corner = corners_.begin();
    Polygon polygon;
    for (const std::uint32_t size : polygon_sizes_) {
      polygon.vertices.assign(corner, corner + size);
      corner += size;
      cutter.cut(mesh_, polygon);
    }
    cutter.warn(mesh_, file_);
  }

  std::string_view bytes_;
  std::string file_;
  TextReader reader_;
  PlyHeader header_;
  /// Where the next number is, in a binary file.
  std::size_t position_ = 0;
  std::vector<std::uint32_t> corners_;
  std::vector<std::uint32_t> polygon_sizes_;
  TriangleMesh mesh_;
};

}  // namespace

TriangleMesh parse_ply(std::string_view bytes, const std::string& file) {
  return PlyParser(bytes, file).parse();
}

}  // namespace raytracer
