#include "load_mesh.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <weft/weft.hpp>

#include "parse_mesh.hpp"
#include "program/input_error.hpp"
#include "text_reader.hpp"

namespace raytracer {

namespace fs = std::filesystem;
namespace io = weft::io;
using program::InputError;
using weft::Task;

namespace {

/// More triangles than this need more memory than a sample should take (some 200 bytes each).
constexpr std::size_t kMostTriangles = 200'000'000;
/// So many triangles have room in it, also as text.
constexpr std::uintmax_t kMostBytes = std::uintmax_t{64} << 30;

/// So many files are open at once.
constexpr std::size_t kMostTogether = 16;

/// Says what an error of the system's means for this file.
InputError failed(const std::string& file, const char* what, std::error_code error) {
  return {file, what + error.message()};
}

void check(const TriangleMesh& mesh, const std::string& file) {
  if (mesh.triangles.empty()) throw InputError(file, "it holds no triangles");
  if (mesh.triangles.size() > kMostTriangles) {
    throw InputError(file, "it holds " + std::to_string(mesh.triangles.size()) +
                               " triangles, more than the " + std::to_string(kMostTriangles) +
                               " this program takes");
  }
}

/// Reads a whole regular file.
///
/// Errors: InputError.
Task<std::string> read_input(fs::path path) {
  const std::string name = path.string();
  const auto info = co_await io::stat(name).or_error();
  if (info.error() == std::errc::no_such_file_or_directory) {
    throw InputError(name, "there is no such file");
  }
  if (!info) throw failed(name, "it cannot be read: ", info.error());
  if ((*info).kind == io::FileKind::Directory) {
    throw InputError(name, "it is a directory, not a file");
  }
  if ((*info).kind != io::FileKind::Regular) throw InputError(name, "it is not a regular file");
  // A file may say that it is larger than it is, or than the memory of any machine.
  const std::string says = "it has " + std::to_string((*info).size) + " bytes, ";
  if ((*info).size > kMostBytes) {
    throw InputError(name, says + "more than the " + std::to_string(kMostBytes) +
                               " this program takes");
  }
  auto opened = co_await io::File::open(name).or_error();
  if (!opened) throw failed(name, "it cannot be opened: ", opened.error());
  const io::File file = opened.take();
  try {
    co_return co_await file.read_all();
  } catch (const std::system_error& error) {
    throw failed(name, "reading it failed: ", error.code());
  } catch (const std::bad_alloc&) {
    throw InputError(name, says + "for which there is no memory");
  }
}

Task<> read_if_it_can_be(fs::path path, std::optional<NamedText>& to) {
  try {
    std::string text = co_await read_input(path);
    to = NamedText{without_controls(path.string()), std::move(text)};
  } catch (const InputError&) {  // what is missing is the parser's business
  }
}

fs::path path_beside(const fs::path& mesh, std::string portable) {
  // Files made on Windows name their materials with backslashes.
  std::replace(portable.begin(), portable.end(), '\\', '/');
  return mesh.parent_path() / portable;
}

Task<TriangleMesh> load_obj(std::string bytes, fs::path path) {
  const std::vector<std::string> names = names_beside_obj(bytes);
  std::vector<std::optional<NamedText>> texts(names.size());
  for (std::size_t begin = 0; begin < names.size(); begin += kMostTogether) {
    std::vector<Task<>> reads;
    for (std::size_t i = begin; i < std::min(names.size(), begin + kMostTogether); ++i) {
      reads.push_back(read_if_it_can_be(path_beside(path, names[i]), texts[i]));
    }
    co_await weft::when_all(std::move(reads));
  }
  const auto beside = [&](std::string_view name) -> std::optional<NamedText> {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return std::move(texts[static_cast<std::size_t>(found - names.begin())]);
  };
  co_return parse_obj(bytes, path.string(), beside);
}

}  // namespace

Task<TriangleMesh> load_mesh(fs::path path) {
  const std::string name = path.string();
  const std::string extension = path.extension().string();
  const bool is_stl = equals_ignoring_case(extension, ".stl");
  const bool is_ply = equals_ignoring_case(extension, ".ply");
  const bool is_obj = equals_ignoring_case(extension, ".obj");
  std::string bytes = co_await read_input(path);
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
