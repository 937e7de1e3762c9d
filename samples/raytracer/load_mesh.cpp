#include "load_mesh.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>

#include "program/input_error.hpp"
#include "text_reader.hpp"

namespace raytracer {

using program::InputError;

namespace {

namespace fs = std::filesystem;

/// More triangles than this need more memory than a sample should take (some 200 bytes each).
constexpr std::size_t kMostTriangles = 200'000'000;
/// So many triangles have room in it, also as text.
constexpr std::uintmax_t kMostBytes = std::uintmax_t{64} << 30;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::optional<NamedText> read_beside(const fs::path& mesh, std::string_view name) {
  // Files made on Windows name their materials with backslashes.
  std::string portable(name);
  for (char& c : portable) {
    if (c == '\\') c = '/';
  }
  const fs::path path = mesh.parent_path() / portable;
  try {
    return NamedText{without_controls(path.string()), read_file(path)};
  } catch (const InputError&) {
    return std::nullopt;
  }
}

void check(const TriangleMesh& mesh, const std::string& file) {
  if (mesh.triangles.empty()) throw InputError(file, "it holds no triangles");
  if (mesh.triangles.size() > kMostTriangles) {
    throw InputError(file, "it holds " + std::to_string(mesh.triangles.size()) +
                               " triangles, more than the " + std::to_string(kMostTriangles) +
                               " this program takes");
  }
}

/// A file may say that it is larger than it is, or than the memory of any machine.
void make_room(std::string& bytes, std::uintmax_t size, const std::string& file) {
  const bool is_possible = size <= kMostBytes;
  try {
    if (is_possible) return bytes.reserve(static_cast<std::size_t>(size));
  } catch (const std::bad_alloc&) {
    throw InputError(file, "it has " + std::to_string(size) + " bytes, for which there is no memory");
  }
  throw InputError(file, "it has " + std::to_string(size) + " bytes, more than the " +
                             std::to_string(kMostBytes) + " this program takes");
}

}  // namespace

std::string read_file(const fs::path& path) {
  const std::string name = path.string();
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    throw InputError(name, error && error != std::errc::no_such_file_or_directory
                               ? "it cannot be read: " + error.message()
                               : "there is no such file");
  }
  if (fs::is_directory(status)) throw InputError(name, "it is a directory, not a file");
  if (!fs::is_regular_file(status)) throw InputError(name, "it is not a regular file");

  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (!file) throw InputError(name, std::string("it cannot be opened: ") + std::strerror(errno));
  std::string bytes;
  const auto size = fs::file_size(path, error);
  if (!error) make_room(bytes, size, name);
  char buffer[1 << 16];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, file.get())) {
    bytes.append(buffer, n);
  }
  if (std::ferror(file.get()) != 0) throw InputError(name, "reading it failed");
  return bytes;
}

TriangleMesh load_mesh(const fs::path& path) {
  const std::string name = path.string();
  const std::string extension = path.extension().string();
  const bool is_stl = equals_ignoring_case(extension, ".stl");
  const bool is_ply = equals_ignoring_case(extension, ".ply");
  const bool is_obj = equals_ignoring_case(extension, ".obj");
  const std::string bytes = read_file(path);
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
    const auto beside = [&path](std::string_view other) { return read_beside(path, other); };
    mesh = parse_obj(bytes, name, beside);
  }
  check(mesh, name);
  return mesh;
}

}  // namespace raytracer
