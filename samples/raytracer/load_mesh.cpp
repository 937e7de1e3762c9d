#include "load_mesh.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/weft.hpp>

#include "load_textures.hpp"
#include "parse_mesh.hpp"
#include "program/input_error.hpp"
#include "read_input.hpp"
#include "text_reader.hpp"
#include "texture_map.hpp"

namespace raytracer {

namespace fs = std::filesystem;
using program::InputError;
using weft::Task;

namespace {

/// More triangles than this need more memory than a sample should take (some 200 bytes each).
constexpr std::size_t kMostTriangles = 200'000'000;
/// So many triangles have room in it, also as text.
constexpr std::uintmax_t kMostBytes = std::uintmax_t{64} << 30;

/// So many files are open at once.
constexpr std::size_t kMostTogether = 16;

void check(const TriangleMesh& mesh, const std::string& file) {
  if (mesh.triangles.empty()) throw InputError(file, "it holds no triangles");
  if (mesh.triangles.size() > kMostTriangles) {
    throw InputError(file, "it holds " + std::to_string(mesh.triangles.size()) +
                               " triangles, more than the " + std::to_string(kMostTriangles) +
                               " this program takes");
  }
}

Task<> read_if_it_can_be(fs::path path, std::optional<NamedText>& to) {
  try {
    std::string text = co_await read_input(path, kMostBytes);
    to = NamedText{without_controls(path.string()), std::move(text)};
  } catch (const InputError&) {  // what is missing is the parser's business
  }
}

Task<TriangleMesh> load_obj(std::string bytes, fs::path path) {
  const std::vector<std::string> names = names_beside_obj(bytes);
  std::vector<std::optional<NamedText>> texts(names.size());
  for (std::size_t begin = 0; begin < names.size(); begin += kMostTogether) {
    std::vector<Task<>> reads;
    for (std::size_t i = begin; i < std::min(names.size(), begin + kMostTogether); ++i) {
      reads.push_back(read_if_it_can_be(path.parent_path() / portable_path(names[i]), texts[i]));
    }
    co_await weft::when_all(std::move(reads));
  }
  const auto beside = [&](std::string_view name) -> std::optional<NamedText> {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return std::move(texts[static_cast<std::size_t>(found - names.begin())]);
  };
  TriangleMesh mesh = parse_obj(bytes, path.string(), beside);
  bytes = {};
  co_await load_textures(mesh, path.parent_path());
  co_return mesh;
}

}  // namespace

Task<TriangleMesh> load_mesh(fs::path path) {
  const std::string name = path.string();
  const std::string extension = path.extension().string();
  const bool is_stl = equals_ignoring_case(extension, ".stl");
  const bool is_ply = equals_ignoring_case(extension, ".ply");
  const bool is_obj = equals_ignoring_case(extension, ".obj");
  std::string bytes = co_await read_input(path, kMostBytes);
  if (!is_stl && !is_ply && !is_obj) {
    throw InputError(name,
                     "its name ends neither in .stl nor .ply nor .obj, the formats this "
                     "program reads");
  }
  if (bytes.empty()) throw InputError(name, "it is empty");

  TriangleMesh mesh;
  if (is_stl) {
    mesh = parse_stl(bytes, name);
  } else if (is_ply) {
    mesh = parse_ply(bytes, name);
  } else {
    mesh = co_await load_obj(std::move(bytes), path);
  }
  check(mesh, name);
  co_return mesh;
}

}  // namespace raytracer
