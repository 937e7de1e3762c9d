#include "image.hpp"

#include <bit>
#include <cmath>

#include "rng.hpp"

namespace raytracer {
namespace {

Color apply_rows(const Vec3 (&rows)[3], Color c) {
  return {dot(rows[0], c), dot(rows[1], c), dot(rows[2], c)};
}

/// sRGB to the ACES working space, the reference curve, and back.
Color tone_map(Color c) {
  constexpr Vec3 kInput[3] = {{0.59719F, 0.35458F, 0.04823F},
                              {0.07600F, 0.90834F, 0.01566F},
                              {0.02840F, 0.13383F, 0.83777F}};
  constexpr Vec3 kOutput[3] = {{1.60475F, -0.53108F, -0.07367F},
                               {-0.10208F, 1.10813F, -0.00605F},
                               {-0.00327F, -0.07276F, 1.07602F}};
  const auto curve = [](float light) {
    // Beyond this all is white, and squares stay finite.
    const float v = std::min(light, 1e6F);
    const float a = v * (v + 0.0245786F) - 0.000090537F;
    const float b = v * (0.983729F * v + 0.4329510F) + 0.238081F;
    return a / b;
  };
  const Color v = apply_rows(kInput, c);
  return apply_rows(kOutput, {curve(v.x), curve(v.y), curve(v.z)});
}

float srgb_encode(float v) {
  const float c = std::clamp(v, 0.0F, 1.0F);
  return c <= 0.0031308F ? 12.92F * c : 1.055F * std::pow(c, 1.0F / 2.4F) - 0.055F;
}

}  // namespace

std::uint64_t Film::hash() const {
  std::uint64_t h = 0xCBF2'9CE4'8422'2325U;
  const auto add = [&h](float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) {
      h ^= (bits >> shift) & 0xFFU;
      h *= 0x0000'0100'0000'01B3U;
    }
  };
  for (const Color& c : pixels_) {
    add(c.x);
    add(c.y);
    add(c.z);
  }
  return h;
}

Image develop(const Film& film, float exposure_stops) {
  Image image{film.width(), film.height(), {}};
  image.rgb.reserve(film.pixels().size() * 3);
  const float gain = std::exp2(exposure_stops);
  for (int y = 0; y < film.height(); ++y) {
    for (int x = 0; x < film.width(); ++x) {
      // The reference curve is dark for the display; 1.6 puts middle grey where eyes expect it.
      const Color c = tone_map(film.at(x, y) * (gain * 1.6F));
      std::uint32_t noise = hash(static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y));
      for (int channel = 0; channel < 3; ++channel) {
        noise = hash(noise);
        const float dithered = srgb_encode(c[channel]) * 255.0F + to_unit_float(noise);
        image.rgb.push_back(static_cast<std::uint8_t>(std::clamp(dithered, 0.0F, 255.0F)));
      }
    }
  }
  return image;
}

}  // namespace raytracer
