/// @file
/// The header of a PLY file: which rows of which numbers follow it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "text_reader.hpp"

namespace raytracer {

enum class PlyFormat : std::uint8_t { Text, LittleEndian, BigEndian };

enum class PlyNumber : std::uint8_t { I8, U8, I16, U16, I32, U32, F32, F64 };

/// Gives the bytes of a number in a binary file.
[[nodiscard]] std::size_t size_of(PlyNumber type);

struct PlyProperty {
  std::string name;
  PlyNumber type = PlyNumber::F32;
  /// The type of the count in front, if this is a list.
  std::optional<PlyNumber> count_type;

  /// Says whether this is the list of a face's corners, which has two names.
  [[nodiscard]] bool is_corner_list() const {
    return count_type && (name == "vertex_indices" || name == "vertex_index");
  }
};

struct PlyElement {
  std::string name;
  std::uint64_t count = 0;
  std::vector<PlyProperty> properties;

  /// Gives the fewest bytes one row can take.
  [[nodiscard]] std::uint64_t least_row_bytes(PlyFormat format) const;
};

struct PlyHeader {
  PlyFormat format = PlyFormat::Text;
  std::vector<PlyElement> elements;
  std::uint64_t vertex_count = 0;
  /// Which properties of a vertex are x, y and z.
  std::array<std::size_t, 3> position_columns{};
};

/// Reads to the end of the header and leaves the reader there.
///
/// Post:   there is one element of vertices, with x, y and z, and one of faces with corners.
/// Errors: InputError.
[[nodiscard]] PlyHeader read_ply_header(TextReader& reader, const std::string& file);

}  // namespace raytracer
