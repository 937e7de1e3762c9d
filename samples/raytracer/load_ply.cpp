/// @file
/// PLY: a header that describes rows of numbers, then the rows, in text or binary.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "input_error.hpp"
#include "load_mesh.hpp"
#include "text_reader.hpp"
#include "triangulate.hpp"

namespace raytracer {
namespace {

enum class NumberType : std::uint8_t { I8, U8, I16, U16, I32, U32, F32, F64 };

std::size_t size_of(NumberType type) {
  constexpr std::size_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 8};
  return kSizes[static_cast<std::size_t>(type)];
}

std::optional<NumberType> number_type(std::string_view name) {
  constexpr struct {
    std::string_view name;
    NumberType type;
  } kTypes[] = {
      {"char", NumberType::I8},    {"int8", NumberType::I8},     {"uchar", NumberType::U8},
      {"uint8", NumberType::U8},   {"short", NumberType::I16},   {"int16", NumberType::I16},
      {"ushort", NumberType::U16}, {"uint16", NumberType::U16},  {"int", NumberType::I32},
      {"int32", NumberType::I32},  {"uint", NumberType::U32},    {"uint32", NumberType::U32},
      {"float", NumberType::F32},  {"float32", NumberType::F32}, {"double", NumberType::F64},
      {"float64", NumberType::F64}};
  for (const auto& entry : kTypes) {
    if (entry.name == name) return entry.type;
  }
  return std::nullopt;
}

/// Turns what a float cannot hold into infinity, which the caller refuses.
float to_float(double value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return std::abs(value) > kLargest ? kInfinity : static_cast<float>(value);
}

std::string whole(double value) {
  if (!(std::abs(value) < 9e15)) return "a number beyond reason";
  return std::to_string(static_cast<std::int64_t>(value));
}

struct Property {
  std::string name;
  NumberType type = NumberType::F32;
  /// The type of the count in front, if this is a list.
  std::optional<NumberType> count_type;
};

struct Element {
  std::string name;
  std::uint64_t count = 0;
  std::vector<Property> properties;

  /// Gives the fewest bytes one row can take.
  [[nodiscard]] std::uint64_t least_row_bytes(bool is_text) const {
    std::uint64_t bytes = 0;
    for (const Property& p : properties) {
      // In text a number takes a digit and a space at least.
      bytes += is_text ? 2 : size_of(p.count_type.value_or(p.type));
    }
    return bytes;
  }
};

enum class Format : std::uint8_t { Text, LittleEndian, BigEndian };

class PlyParser {
 public:
  PlyParser(std::string_view bytes, const std::string& file)
      : bytes_(bytes), file_(file), reader_(bytes, file) {}

  TriangleMesh parse() {
    read_header();
    const auto vertices = std::find_if(elements_.begin(), elements_.end(),
                                       [](const Element& e) { return e.name == "vertex"; });
    const bool has_faces = std::any_of(elements_.begin(), elements_.end(), [](const Element& e) {
      return e.name == "face" && e.count > 0;
    });
    if (vertices == elements_.end()) throw InputError(file_, "its header declares no vertices");
    if (!has_faces) throw InputError(file_, "it holds points but no faces");
    vertex_count_ = vertices->count;
    for (const Element& element : elements_) read_element(element);
    // Polygons are cut last, since faces may stand in front of the vertices.
    cut_polygons();
    return std::move(mesh_);
  }

 private:
  // ---- header ----

  void read_header() {
    if (!reader_.next_line() || reader_.rest_of_line() != "ply") {
      throw InputError(file_, "it does not begin with the line 'ply'");
    }
    bool has_format = false;
    while (true) {
      if (!reader_.next_line()) reader_.fail("the file ends inside the header");
      const std::string_view keyword = reader_.word();
      if (keyword == "end_header") break;
      if (keyword == "format") {
        read_format();
        has_format = true;
      } else if (keyword == "element") {
        read_element_header();
      } else if (keyword == "property") {
        read_property();
      }
      // Anything else is a comment; some exporters forget the word.
    }
    if (!has_format) throw InputError(file_, "its header does not say which format follows");
    position_ = reader_.offset();
  }

  void read_format() {
    const std::string_view name = reader_.word();
    if (name == "ascii") {
      format_ = Format::Text;
    } else if (name == "binary_little_endian") {
      format_ = Format::LittleEndian;
    } else if (name == "binary_big_endian") {
      format_ = Format::BigEndian;
    } else {
      reader_.fail("the format " + in_quotes(name) + " is unknown");
    }
  }

  void read_element_header() {
    Element element;
    element.name = reader_.word();
    const std::string_view word = reader_.word();
    const auto count = TextReader::integer(word);
    if (!count || *count < 0) reader_.fail(in_quotes(word) + " is not a number of elements");
    element.count = static_cast<std::uint64_t>(*count);
    elements_.push_back(std::move(element));
  }

  void read_property() {
    if (elements_.empty()) reader_.fail("a property stands before the first element");
    Property property;
    std::string_view type = reader_.word();
    if (type == "list") {
      property.count_type = known_type(reader_.word());
      type = reader_.word();
      if (*property.count_type >= NumberType::F32) reader_.fail("a list counts with fractions");
    }
    property.type = known_type(type);
    property.name = reader_.word();
    elements_.back().properties.push_back(std::move(property));
  }

  NumberType known_type(std::string_view name) const {
    const auto type = number_type(name);
    if (!type) reader_.fail(in_quotes(name) + " is not a type of number");
    return *type;
  }

  // ---- body ----

  void read_element(const Element& element) {
    // Rows without columns take no bytes, however many there are.
    if (element.properties.empty()) return;
    check_room(element);
    if (element.name == "vertex") {
      read_vertices(element);
    } else if (element.name == "face") {
      read_faces(element);
    } else {
      for (std::uint64_t i = 0; i < element.count; ++i) {
        for (const Property& p : element.properties) skip(p);
      }
    }
  }

  /// Gives the bytes that were not read yet; one more in text, whose last number needs no space.
  [[nodiscard]] std::uint64_t bytes_left() const {
    if (format_ != Format::Text) return bytes_.size() - position_;
    return reader_.remaining_bytes() + reader_.line_bytes() + 1;
  }

  /// Refuses counts that the rest of the file cannot hold, before memory is asked for.
  void check_room(const Element& element) const {
    const bool is_text = format_ == Format::Text;
    const std::uint64_t left = bytes_left();
    if (element.count <= left / element.least_row_bytes(is_text)) return;
    throw InputError(file_, "it is truncated: its header promises " +
                                std::to_string(element.count) + " of " + in_quotes(element.name) +
                                ", but only " + std::to_string(left) + " bytes are left for them");
  }

  void read_vertices(const Element& element) {
    std::optional<std::size_t> columns[3];
    for (std::size_t i = 0; i < element.properties.size(); ++i) {
      const Property& p = element.properties[i];
      if (p.count_type) continue;
      if (p.name == "x") columns[0] = i;
      if (p.name == "y") columns[1] = i;
      if (p.name == "z") columns[2] = i;
    }
    if (!columns[0] || !columns[1] || !columns[2]) {
      throw InputError(file_, "its vertices lack x, y or z");
    }
    mesh_.positions.reserve(static_cast<std::size_t>(element.count));
    for (std::uint64_t row = 0; row < element.count; ++row) {
      Vec3 v;
      for (std::size_t i = 0; i < element.properties.size(); ++i) {
        const Property& p = element.properties[i];
        if (p.count_type) {
          skip(p);
          continue;
        }
        const float value = to_float(read(p.type));
        if (i == columns[0]) v.x = value;
        if (i == columns[1]) v.y = value;
        if (i == columns[2]) v.z = value;
      }
      if (!is_finite(v)) fail("vertex " + std::to_string(row) + " is not a finite point");
      mesh_.positions.push_back(v);
    }
  }

  void read_faces(const Element& element) {
    for (std::uint64_t row = 0; row < element.count; ++row) {
      for (const Property& p : element.properties) {
        const bool is_corners =
            p.count_type && (p.name == "vertex_indices" || p.name == "vertex_index");
        if (is_corners) {
          read_corners(p, row);
        } else {
          skip(p);
        }
      }
    }
  }

  void read_corners(const Property& p, std::uint64_t row) {
    const std::uint64_t count = read_list_count(p);
    for (std::uint64_t i = 0; i < count; ++i) {
      const double index = read(p.type);
      if (!(index >= 0.0 && index < static_cast<double>(vertex_count_))) {
        fail("face " + std::to_string(row) + " names vertex " + whole(index) + ", but there are " +
             std::to_string(vertex_count_) + " vertices, counted from 0");
      }
      corners_.push_back(static_cast<std::uint32_t>(index));
    }
    polygon_sizes_.push_back(static_cast<std::uint32_t>(count));
  }

  std::uint64_t read_list_count(const Property& p) {
    const double count = read(*p.count_type);
    const std::uint64_t least = format_ == Format::Text ? 2 : size_of(p.type);
    const std::uint64_t left = bytes_left();
    if (!(count >= 0.0) || count > static_cast<double>(left / least)) {
      fail("a list promises more numbers than the file has left");
    }
    return static_cast<std::uint64_t>(count);
  }

  void skip(const Property& p) {
    const std::uint64_t count = p.count_type ? read_list_count(p) : 1;
    for (std::uint64_t i = 0; i < count; ++i) read(p.type);
  }

  double read(NumberType type) {
    if (format_ == Format::Text) {
      const std::string_view word = reader_.word_across_lines();
      if (word.empty()) reader_.fail("the file ends in the middle of its data: it is truncated");
      return reader_.real(word, "a value");
    }
    const std::size_t size = size_of(type);
    if (bytes_.size() - position_ < size) fail("the file is truncated");
    unsigned char raw[8] = {};
    std::memcpy(raw, bytes_.data() + position_, size);
    position_ += size;
    if (format_ == Format::BigEndian) std::reverse(raw, raw + size);
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < size; ++i) bits |= std::uint64_t{raw[i]} << (8 * i);
    return decode(type, bits);
  }

  static double decode(NumberType type, std::uint64_t bits) {
    switch (type) {
      case NumberType::I8:
        return static_cast<std::int8_t>(bits);
      case NumberType::U8:
        return static_cast<std::uint8_t>(bits);
      case NumberType::I16:
        return static_cast<std::int16_t>(bits);
      case NumberType::U16:
        return static_cast<std::uint16_t>(bits);
      case NumberType::I32:
        return static_cast<std::int32_t>(bits);
      case NumberType::U32:
        return static_cast<std::uint32_t>(bits);
      case NumberType::F32:
        return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
      case NumberType::F64:
        break;
    }
    return std::bit_cast<double>(bits);
  }

  [[noreturn]] void fail(const std::string& what) const {
    if (format_ == Format::Text) reader_.fail(what);
    throw InputError(file_, "byte " + std::to_string(position_) + ": " + what);
  }

  void cut_polygons() {
    std::uint64_t skipped = 0;
    auto corner = corners_.begin();
    std::vector<std::uint32_t> polygon;
    for (const std::uint32_t size : polygon_sizes_) {
      polygon.assign(corner, corner + size);
      corner += size;
      if (size < 3) {
        ++skipped;
      } else {
        add_polygon(mesh_, polygon, TriangleMesh::kNoMaterial);
      }
    }
    if (skipped > 0) {
      mesh_.warnings.push_back(file_ + ": skipped " + std::to_string(skipped) +
                               " faces with fewer than three corners");
    }
  }

  std::string_view bytes_;
  std::string file_;
  TextReader reader_;
  Format format_ = Format::Text;
  std::vector<Element> elements_;
  std::uint64_t vertex_count_ = 0;
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
