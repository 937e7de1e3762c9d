#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "decode_picture.hpp"
#include "jpeg_file.hpp"
#include "mutation.hpp"
#include "png_file.hpp"
#include "support/seeded_random.hpp"
#include "support/stress_clock.hpp"
#include "support/two_colour_jpeg.hpp"

using namespace raytracer;

namespace {

std::string some_png(int width, int height) {
  Image image{width, height, {}};
  for (int i = 0; i < 3 * width * height; ++i) {
    image.rgb.push_back(static_cast<std::uint8_t>(i * i * 7));
  }
  const std::vector<std::uint8_t> bytes = encode_png(image);
  return {bytes.begin(), bytes.end()};
}

/// The checksum of a part of a PNG.
std::uint32_t crc_of(std::string_view part) {
  std::uint32_t sum = 0xFFFF'FFFFU;
  for (const char c : part) {
    sum ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1U) != 0 ? 0xEDB8'8320U : 0U);
  }
  return ~sum;
}

/// Writes right checksums into a PNG, so that what is broken gets past them.
std::string with_checksums(std::string png) {
  constexpr std::size_t kMark = 8;
  for (std::size_t chunk = kMark; chunk + 12 <= png.size();) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      size = size << 8 | static_cast<std::uint8_t>(png[chunk + i]);
    }
    if (size > png.size() - chunk - 12) break;
    const std::uint32_t sum = crc_of(std::string_view(png).substr(chunk + 4, size + 4));
    for (std::size_t i = 0; i < 4; ++i) {
      png[chunk + 8 + size + i] = static_cast<char>(sum >> (24 - 8 * i));
    }
    chunk += size + 12;
  }
  return png;
}

/// Says what is wrong with how a file is read; empty if nothing is.
std::string fault_of_decoding(const std::string& file, long& read) {
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  // Much larger ones are allowed, and take their time.
  constexpr std::size_t kMostPixels = 1U << 20;
  constexpr std::size_t kLongestReason = 250;
  try {
    const PixelSize size = picture_size(bytes);
    if (size.count() == 0) return "it has no pixels";
    if (size.count() > kMostPixels) return "";
    const Image image = decode_picture(bytes);
    ++read;
    const bool is_right = image.width == size.width && image.height == size.height &&
                          image.rgb.size() == 3 * size.count();
    return is_right ? "" : "its size is not what the header says";
  } catch (const std::runtime_error& error) {
    const std::string reason = error.what();
    const bool is_plain = std::all_of(reason.begin(), reason.end(),
                                      [](char c) { return c >= ' ' && c <= '~'; });
    const bool is_reason = is_plain && !reason.empty() && reason.size() <= kLongestReason;
    return is_reason ? "" : "a reason that is none: " + reason;
  }
}

}  // namespace

TEST_CASE("broken picture files are read or refused with a reason") {
  using namespace std::chrono_literals;
  std::vector<std::string> seeds{some_png(7, 5), some_png(1, 1)};
  if (reads_jpeg()) seeds.push_back(weft_test::two_colour_jpeg());
  long read = 0;
  for (const std::string& seed : seeds) CHECK(fault_of_decoding(seed, read).empty());
  CHECK(read == static_cast<long>(seeds.size()));

  weft_test::SeededRandom random;
  raytracer_test::Mutation mutate(random, seeds);
  weft_test::Watchdog watchdog("a broken picture file", 5s);
  const weft_test::StressClock clock;
  long round = 0;
  for (; !clock.is_over(); ++round) {
    const std::size_t place = random.below(seeds.size());
    std::string file = mutate(seeds[place]);
    if (random.one_in(2)) file = with_checksums(std::move(file));
    const std::string fault = fault_of_decoding(file, read);
    if (!fault.empty()) FAIL("round " << round << ", from seed " << place << ": " << fault);
    watchdog.progress();
  }
  INFO("read " << read << " of " << round);
  CHECK(read > static_cast<long>(seeds.size()));
  CHECK(read < round);
}
