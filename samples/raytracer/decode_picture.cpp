#include "decode_picture.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "jpeg_file.hpp"
#include "png_file.hpp"

namespace raytracer {
namespace {

/// At three bytes a pixel a picture takes 768 MiB at most.
constexpr int kLongestPictureSide = 16384;

enum class PictureFormat : std::uint8_t { Png, Jpeg };

template <std::size_t N>
bool begins_with(std::span<const std::uint8_t> bytes, const std::array<std::uint8_t, N>& mark) {
  return bytes.size() >= N && std::equal(mark.begin(), mark.end(), bytes.begin());
}

PictureFormat format_of(std::span<const std::uint8_t> bytes) {
  constexpr std::array<std::uint8_t, 8> kPng{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  constexpr std::array<std::uint8_t, 3> kJpeg{0xFF, 0xD8, 0xFF};
  if (bytes.empty()) throw std::runtime_error("it is empty");
  if (begins_with(bytes, kPng)) return PictureFormat::Png;
  if (begins_with(bytes, kJpeg)) return PictureFormat::Jpeg;
  throw std::runtime_error("it is neither a PNG nor a JPEG picture");
}

}  // namespace

PixelSize picture_size(std::span<const std::uint8_t> bytes) {
  const PixelSize size =
      format_of(bytes) == PictureFormat::Png ? png_size(bytes) : jpeg_size(bytes);
  if (size.width > kLongestPictureSide || size.height > kLongestPictureSide) {
    const std::string longest = std::to_string(kLongestPictureSide);
    throw std::runtime_error("it has " + std::to_string(size.width) + " x " +
                             std::to_string(size.height) + " pixels, more than the " + longest +
                             " x " + longest + " this program takes");
  }
  return size;
}

Image decode_picture(std::span<const std::uint8_t> bytes) {
  (void)picture_size(bytes);
  return format_of(bytes) == PictureFormat::Png ? decode_png(bytes) : decode_jpeg(bytes);
}

}  // namespace raytracer
