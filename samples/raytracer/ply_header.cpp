#include "ply_header.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

#include "program/input_error.hpp"

namespace raytracer {

using program::InputError;

namespace {

PlyNumber number_type(const TextReader& reader, std::string_view name) {
  constexpr struct {
    std::string_view name;
    PlyNumber type;
  } kTypes[] = {{"char", PlyNumber::I8},    {"int8", PlyNumber::I8},     {"uchar", PlyNumber::U8},
                {"uint8", PlyNumber::U8},   {"short", PlyNumber::I16},   {"int16", PlyNumber::I16},
                {"ushort", PlyNumber::U16}, {"uint16", PlyNumber::U16},  {"int", PlyNumber::I32},
                {"int32", PlyNumber::I32},  {"uint", PlyNumber::U32},    {"uint32", PlyNumber::U32},
                {"float", PlyNumber::F32},  {"float32", PlyNumber::F32}, {"double", PlyNumber::F64},
                {"float64", PlyNumber::F64}};
  for (const auto& entry : kTypes) {
    if (entry.name == name) return entry.type;
  }
  reader.fail(in_quotes(name) + " is not a type of number");
}

PlyFormat read_format(TextReader& reader) {
  const std::string_view name = reader.word();
  if (name == "ascii") return PlyFormat::Text;
  if (name == "binary_little_endian") return PlyFormat::LittleEndian;
  if (name == "binary_big_endian") return PlyFormat::BigEndian;
  reader.fail("the format " + in_quotes(name) + " is unknown");
}

PlyElement read_element(TextReader& reader) {
  PlyElement element;
  element.name = reader.word();
  const std::string_view word = reader.word();
  const auto count = TextReader::integer(word);
  if (!count || *count < 0) reader.fail(in_quotes(word) + " is not a number of elements");
  element.count = static_cast<std::uint64_t>(*count);
  return element;
}

PlyProperty read_property(TextReader& reader) {
  PlyProperty property;
  std::string_view type = reader.word();
  if (type == "list") {
    property.count_type = number_type(reader, reader.word());
    type = reader.word();
    if (*property.count_type >= PlyNumber::F32) reader.fail("a list counts with fractions");
  }
  property.type = number_type(reader, type);
  property.name = reader.word();
  return property;
}

void read_statements(TextReader& reader, const std::string& file, PlyHeader& header) {
  bool has_format = false;
  while (true) {
    if (!reader.next_line()) reader.fail("the file ends inside the header");
    const std::string_view keyword = reader.word();
    if (keyword == "end_header") break;
    if (keyword == "format") {
      header.format = read_format(reader);
      has_format = true;
    } else if (keyword == "element") {
      header.elements.push_back(read_element(reader));
    } else if (keyword == "property") {
      if (header.elements.empty()) reader.fail("a property stands before the first element");
      header.elements.back().properties.push_back(read_property(reader));
    }
    // Anything else is a comment; some exporters forget the word.
  }
  if (!has_format) throw InputError(file, "its header does not say which format follows");
}

/// Finds the columns of a vertex. Without them no row would become a point, and faces would name
/// points that are not there.
std::array<std::size_t, 3> find_position(const PlyElement& vertices, const std::string& file) {
  constexpr std::string_view kNames[3] = {"x", "y", "z"};
  std::array<std::size_t, 3> columns{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto found =
        std::find_if(vertices.properties.begin(), vertices.properties.end(),
                     [&](const PlyProperty& p) { return !p.count_type && p.name == kNames[axis]; });
    if (found == vertices.properties.end()) {
      throw InputError(file, "its header gives vertices no " + std::string(kNames[axis]));
    }
    columns[axis] = static_cast<std::size_t>(found - vertices.properties.begin());
  }
  return columns;
}

void check_vertices(PlyHeader& header, const std::string& file) {
  const PlyElement* vertices = nullptr;
  for (const PlyElement& element : header.elements) {
    if (element.name != "vertex") continue;
    // Faces could mean either of two.
    if (vertices != nullptr) throw InputError(file, "its header declares vertices twice");
    vertices = &element;
  }
  if (vertices == nullptr) throw InputError(file, "its header declares no vertices");
  header.position_columns = find_position(*vertices, file);
  header.vertex_count = vertices->count;
  // The mesh numbers its points with 32 bits.
  if (header.vertex_count > std::numeric_limits<std::uint32_t>::max()) {
    throw InputError(file, "its header promises " + std::to_string(header.vertex_count) +
                               " vertices, more than this program takes");
  }
}

void check_faces(const PlyHeader& header, const std::string& file) {
  bool has_faces = false;
  bool has_corners = false;
  for (const PlyElement& element : header.elements) {
    if (element.name != "face" || element.count == 0) continue;
    has_faces = true;
    has_corners |= std::any_of(element.properties.begin(), element.properties.end(),
                               [](const PlyProperty& p) { return p.is_corner_list(); });
  }
  if (!has_faces) throw InputError(file, "it holds points but no faces");
  if (!has_corners) throw InputError(file, "its header gives faces no list of vertex_indices");
}

}  // namespace

std::size_t size_of(PlyNumber type) {
  constexpr std::size_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 8};
  return kSizes[static_cast<std::size_t>(type)];
}

std::uint64_t PlyElement::least_row_bytes(PlyFormat format) const {
  std::uint64_t bytes = 0;
  for (const PlyProperty& p : properties) {
    // In text a number takes a digit and a space at least.
    bytes += format == PlyFormat::Text ? 2 : size_of(p.count_type.value_or(p.type));
  }
  return bytes;
}

PlyHeader read_ply_header(TextReader& reader, const std::string& file) {
  if (!reader.next_line() || reader.rest_of_line() != "ply") {
    throw InputError(file, "it does not begin with the line 'ply'");
  }
  PlyHeader header;
  read_statements(reader, file, header);
  check_vertices(header, file);
  check_faces(header, file);
  return header;
}

}  // namespace raytracer
