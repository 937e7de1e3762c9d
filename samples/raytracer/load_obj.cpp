/// @file
/// OBJ: vertices and polygons in text, with materials in files beside it.

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "load_mtl.hpp"
#include "parse_mesh.hpp"
#include "program/input_error.hpp"
#include "text_reader.hpp"
#include "texture_map.hpp"
#include "triangulate.hpp"

namespace raytracer {

using program::InputError;

namespace {

/// Joins lines that end with a backslash; the lines that vanish come back empty behind the joined
/// one, so that line numbers stay right.
std::string join_continued_lines(std::string_view text) {
  std::string joined;
  joined.reserve(text.size());
  std::size_t pending = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\\\n" || text.substr(i, 3) == "\\\r\n") {
      i += text[i + 1] == '\r' ? 2 : 1;
      joined += ' ';
      ++pending;
      continue;
    }
    joined += text[i];
    if (text[i] == '\n') {
      joined.append(pending, '\n');
      pending = 0;
    }
  }
  return joined;
}

class ObjParser {
 public:
  ObjParser(std::string_view text, const std::string& file, const ReadBeside& read_beside)
      : reader_(text, file), file_(file), read_beside_(read_beside) {}

  TriangleMesh parse() {
    while (reader_.next_line()) {
      const std::string_view keyword = reader_.word();
      if (keyword == "v") {
        read_vertex();
      } else if (keyword == "vn") {
        read_normal();
      } else if (keyword == "vt") {
        read_coordinates();
      } else if (keyword == "f") {
        read_face();
      } else if (keyword == "usemtl") {
        use_material(reader_.rest_of_line());
      } else if (keyword == "mtllib") {
        read_libraries(reader_.rest_of_line());
      }
      // Everything else (groups, curves, points) is not needed here.
    }
    finish();
    return std::move(mesh_);
  }

 private:
  void read_vertex() {
    Vec3 v;
    v.x = reader_.number(reader_.word(), "the x of a vertex");
    v.y = reader_.number(reader_.word(), "the y of a vertex");
    v.z = reader_.number(reader_.word(), "the z of a vertex");
    mesh_.positions.push_back(v);
  }

  /// Takes a normal as it is: exporters write some that are none, for faces without area.
  void read_normal() {
    Vec3 n;
    n.x = any_number(1e30);
    n.y = any_number(1e30);
    n.z = any_number(1e30);
    normals_.push_back(n);
  }

  /// Takes coordinates as they are: some that are none are of corners that nobody sees.
  void read_coordinates() {
    // Beyond, a float has no digits left for the place within a texture.
    constexpr double kMost = 1e6;
    Uv uv;
    uv.u = any_number(kMost);
    uv.v = any_number(kMost);
    coordinates_.push_back(uv);
  }

  /// Takes the next word as a number; zero if it is none.
  float any_number(double most) {
    const double value = TextReader::try_real(reader_.word()).value_or(0.0);
    return static_cast<float>(std::clamp(value, -most, most));
  }

  void read_face() {
    polygon_.vertices.clear();
    polygon_.normals.clear();
    polygon_.uvs.clear();
    for (std::string_view w = reader_.word(); !w.empty(); w = reader_.word()) {
      if (w.front() == '#') break;
      read_corner(w);
    }
    // Normals that not all corners have are of no use, and so are coordinates.
    if (polygon_.normals.size() != polygon_.vertices.size()) polygon_.normals.clear();
    if (polygon_.uvs.size() != polygon_.vertices.size()) polygon_.uvs.clear();
    cutter_.cut(mesh_, polygon_);
  }

  /// Reads "7", "7/1", "7//3" or "7/1/3": vertex, texture coordinate, normal.
  void read_corner(std::string_view word) {
    const std::size_t first = word.find('/');
    polygon_.vertices.push_back(vertex_index(word, word.substr(0, first)));
    if (first == std::string_view::npos) return;
    const std::size_t second = word.find('/', first + 1);
    if (has_texture()) read_corner_coordinates(word.substr(first + 1, second - first - 1));
    if (second == std::string_view::npos) return;
    const auto index = TextReader::integer(word.substr(second + 1));
    const auto place = index ? place_of(*index, normals_.size()) : std::nullopt;
    if (place) {
      polygon_.normals.push_back(normals_[*place]);
    } else {
      ++missing_normals_;
    }
  }

  /// Says whether the material in use has one; coordinates of others would only take memory.
  [[nodiscard]] bool has_texture() const {
    return polygon_.material != TriangleMesh::kNoMaterial &&
           mesh_.palette[polygon_.material].has_texture();
  }

  void read_corner_coordinates(std::string_view number) {
    if (number.empty()) return;
    const auto index = TextReader::integer(number);
    const auto place = index ? place_of(*index, coordinates_.size()) : std::nullopt;
    if (place) {
      polygon_.uvs.push_back(maps_[polygon_.material].place_of(coordinates_[*place]));
    } else {
      ++missing_coordinates_;
    }
  }

  std::uint32_t vertex_index(std::string_view word, std::string_view number) const {
    const auto index = TextReader::integer(number);
    if (!index) reader_.fail(in_quotes(word) + " is not a corner of a face");
    if (*index == 0) reader_.fail("a face names vertex 0, but OBJ counts from 1");
    const auto place = place_of(*index, mesh_.positions.size());
    if (!place) {
      reader_.fail("a face names vertex " + std::to_string(*index) + ", but only " +
                   std::to_string(mesh_.positions.size()) + " are defined above it");
    }
    return *place;
  }

  /// Finds what an index means: 1 is the first one so far, -1 the latest.
  static std::optional<std::uint32_t> place_of(std::int64_t index, std::size_t size) {
    const auto count = static_cast<std::int64_t>(size);
    if (index == 0 || index > count || index < -count) return std::nullopt;
    return static_cast<std::uint32_t>(index > 0 ? index - 1 : count + index);
  }

  void use_material(std::string_view name) {
    const auto found = materials_.find(std::string(name));
    if (found != materials_.end()) {
      polygon_.material = found->second;
      return;
    }
    polygon_.material = TriangleMesh::kNoMaterial;
    // One warning tells enough; a missing library would make many.
    if (!missing_library_ && unknown_materials_++ == 0) {
      warn("line " + std::to_string(reader_.line_number()) + ": the material " + in_quotes(name) +
           " is not defined");
    }
  }

  /// Reads "a b.mtl", one name with a space in it, or "a.mtl b.mtl", several names.
  void read_libraries(std::string_view line) {
    // Some files name theirs again in front of each group.
    if (!named_libraries_.emplace(line).second || read_library(line)) return;
    std::vector<std::string_view> missing;
    bool is_any_there = false;
    TextReader words(line, file_);
    (void)words.next_line();
    for (std::string_view w = words.word(); !w.empty(); w = words.word()) {
      if (read_library(w)) {
        is_any_there = true;
      } else {
        missing.push_back(w);
      }
    }
    if (!is_any_there) missing.assign(1, line);
    for (const std::string_view name : missing) {
      missing_library_ = true;
      warn("the material file " + in_quotes(name) + " cannot be read, so plain ones are used");
    }
  }

  bool read_library(std::string_view name) {
    const std::optional<NamedText> found = read_beside_(name);
    if (!found) return false;
    MaterialLibrary library = parse_mtl(found->text, found->file);
    for (std::string& warning : library.warnings) mesh_.warnings.push_back(std::move(warning));
    // Textures lie beside the MTL, which may itself be in a folder beside this file.
    const std::filesystem::path folder = portable_path(name).parent_path();
    for (auto& [material_name, material, map] : library.materials) {
      materials_[material_name] = static_cast<std::uint32_t>(mesh_.palette.size());
      if (!map.file.empty()) material.texture = texture_index(folder / map.file);
      mesh_.palette.push_back(material);
      maps_.push_back(std::move(map));
    }
    return true;
  }

  /// Gives each file one index, however many materials name it.
  std::uint32_t texture_index(const std::filesystem::path& file) {
    const auto next = static_cast<std::uint32_t>(mesh_.texture_files.size());
    const auto [place, is_new] = textures_.try_emplace(file.lexically_normal(), next);
    if (is_new) mesh_.texture_files.push_back(place->first);
    return place->second;
  }

  void finish() {
    cutter_.warn(mesh_, file_);
    if (missing_normals_ > 0) {
      warn(std::to_string(missing_normals_) + " corners name normals that are not defined");
    }
    if (missing_coordinates_ > 0) {
      warn(std::to_string(missing_coordinates_) +
           " corners name texture coordinates that are not defined");
    }
    if (mesh_.positions.empty()) {
      throw InputError(file_, "it defines no vertices, so it is no OBJ file or an empty one");
    }
  }

  void warn(const std::string& what) { mesh_.warnings.push_back(file_ + ": " + what); }

  TextReader reader_;
  std::string file_;
  const ReadBeside& read_beside_;
  TriangleMesh mesh_;
  std::map<std::string, std::uint32_t> materials_;
  /// Those of the palette.
  std::vector<TextureMap> maps_;
  std::map<std::filesystem::path, std::uint32_t> textures_;
  std::set<std::string> named_libraries_;
  std::vector<Vec3> normals_;
  std::vector<Uv> coordinates_;
  /// The face that is being read, with the material in use.
  Polygon polygon_;
  PolygonCutter cutter_;
  std::size_t missing_normals_ = 0;
  std::size_t missing_coordinates_ = 0;
  std::size_t unknown_materials_ = 0;
  bool missing_library_ = false;
};

/// Gives the rest of a line, continued or not, from somewhere within it.
std::string_view line_from(std::string_view text, std::size_t begin) {
  std::size_t end = text.find_first_of("\r\n", begin);
  while (end != std::string_view::npos && text[end - 1] == '\\') {
    end = text.find_first_of("\r\n", end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return text.substr(begin, end - begin);
}

}  // namespace

std::vector<std::string> names_beside_obj(std::string_view bytes) {
  constexpr std::string_view kKeyword = "mtllib";
  std::set<std::string> names;
  for (std::size_t at = bytes.find(kKeyword); at != std::string_view::npos;) {
    // Where it is no keyword but a part of something else, there are some names more.
    const std::string line = join_continued_lines(line_from(bytes, at + kKeyword.size()));
    TextReader whole(line, {});
    TextReader words(line, {});
    if (whole.next_line() && words.next_line()) {
      names.emplace(whole.rest_of_line());
      for (std::string_view w = words.word(); !w.empty(); w = words.word()) names.emplace(w);
    }
    at = bytes.find(kKeyword, at + kKeyword.size());
  }
  names.erase("");
  return {names.begin(), names.end()};
}

TriangleMesh parse_obj(std::string_view bytes, const std::string& file,
                       const ReadBeside& read_beside) {
  const std::string_view mark = bytes.substr(0, 2);
  if (mark == "\xFE\xFF" || mark == "\xFF\xFE") {
    throw InputError(file, "it is UTF-16 text, but only ASCII and UTF-8 are read");
  }
  if (bytes.substr(0, 3) == "\xEF\xBB\xBF") bytes.remove_prefix(3);
  if (bytes.find('\\') == std::string_view::npos) {
    return ObjParser(bytes, file, read_beside).parse();
  }
  const std::string joined = join_continued_lines(bytes);
  return ObjParser(joined, file, read_beside).parse();
}

}  // namespace raytracer
