#include "load_textures.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <weft/weft.hpp>

#include "decode_picture.hpp"
#include "program/input_error.hpp"
#include "read_input.hpp"
#include "text_reader.hpp"

namespace raytracer {

using program::InputError;
using weft::Task;

namespace {

/// So many files are open, and so many pictures being decoded, at once.
constexpr std::size_t kMostTexturesTogether = 16;
/// No picture that is small enough needs more, in either format.
constexpr std::uintmax_t kMostTextureBytes = std::uintmax_t{1} << 30;

/// A file on its way to a texture.
struct TextureFile {
  explicit TextureFile(const std::filesystem::path& from)
      : path(from), name(without_controls(from.string())) {}

  std::filesystem::path path;
  /// For messages.
  std::string name;
  std::string bytes;
  std::shared_ptr<const Texture> texture;
  /// Why there is none; empty: there is one, or will be.
  std::string warning;

  [[nodiscard]] std::span<const std::uint8_t> data() const {
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  }
  void give_up(const std::string& sentence) {
    warning = sentence + "; plain colours stand in";
    bytes = {};
  }
};

Task<> read(TextureFile& file) {
  try {
    file.bytes = co_await read_input(file.path, kMostTextureBytes);
  } catch (const InputError& error) {
    file.give_up(without_controls(error.what()));
  }
}

/// Gives back how many pixels are left for others.
std::size_t admit(TextureFile& file, std::size_t pixels_left) {
  if (!file.warning.empty()) return pixels_left;
  try {
    const std::size_t count = picture_size(file.data()).count();
    if (count <= pixels_left) return pixels_left - count;
    file.give_up(file.name + ": it has " + std::to_string(count) +
                 " pixels, more than are left of those this program takes");
  } catch (const std::runtime_error& error) {
    file.give_up(file.name + ": " + error.what());
  }
  return pixels_left;
}

/// A coroutine for the sake of the other workers, which decode other files at the same time.
Task<> decode(TextureFile& file) {
  if (!file.warning.empty()) co_return;
  try {
    file.texture = std::make_shared<const Texture>(decode_picture(file.data()));
    file.bytes = {};
  } catch (const std::runtime_error& error) {
    file.give_up(file.name + ": " + error.what());
  } catch (const std::bad_alloc&) {
    file.give_up(file.name + ": there is no memory for it");
  }
}

/// Runs a step for some files at once.
Task<> for_each(std::span<TextureFile> files, Task<> (*step)(TextureFile&)) {
  std::vector<Task<>> steps;
  for (TextureFile& file : files) steps.push_back(step(file));
  co_await weft::when_all(std::move(steps));
}

}  // namespace

Task<> load_textures(TriangleMesh& mesh, std::filesystem::path folder,
                     std::size_t most_pixels) {
  std::vector<TextureFile> files;
  for (const std::filesystem::path& file : mesh.texture_files) files.emplace_back(folder / file);
  std::size_t pixels_left = most_pixels;
  for (std::size_t begin = 0; begin < files.size(); begin += kMostTexturesTogether) {
    const std::span<TextureFile> some =
        std::span(files).subspan(begin, std::min(kMostTexturesTogether, files.size() - begin));
    co_await for_each(some, read);
    // One after another, so that the same ones are admitted each time.
    for (TextureFile& file : some) pixels_left = admit(file, pixels_left);
    co_await for_each(some, decode);
  }

  std::vector<std::uint32_t> indices;
  for (TextureFile& file : files) {
    if (!file.warning.empty()) mesh.warnings.push_back(std::move(file.warning));
    indices.push_back(file.texture ? static_cast<std::uint32_t>(mesh.textures.size())
                                   : Material::kNoTexture);
    if (file.texture) mesh.textures.push_back(std::move(file.texture));
  }
  for (Material& material : mesh.palette) {
    if (material.has_texture()) material.texture = indices[material.texture];
  }
}

}  // namespace raytracer
