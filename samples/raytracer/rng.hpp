/// @file
/// Random numbers that depend on pixel, sample and dimension only: never on who renders the pixel.
#pragma once

#include <cstdint>

namespace raytracer {

/// Mixes 32 bits so that every input bit changes every output bit (Wellons' lowbias32).
[[nodiscard]] constexpr std::uint32_t hash(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x21F0'AAADU;
  x ^= x >> 15;
  x *= 0xD35A'2D97U;
  x ^= x >> 15;
  return x;
}

[[nodiscard]] constexpr std::uint32_t hash(std::uint32_t a, std::uint32_t b) {
  return hash(a ^ (hash(b) + 0x9E37'79B9U + (a << 6) + (a >> 2)));
}

/// Turns the upper 24 bits into a float in [0, 1).
[[nodiscard]] constexpr float to_unit_float(std::uint32_t bits) {
  return static_cast<float>(bits >> 8) * (1.0F / 16777216.0F);
}

struct Sample2 {
  float x;
  float y;
};

/// Hands out the random numbers of one sample of one pixel.
///
/// Each pair is a point of the Sobol' (0,2)-sequence with hash-based Owen scrambling, padded: every
/// pair of dimensions has its own scramble and its own shuffle of the sample index
/// (Burley, "Practical Hash-based Owen Scrambling", 2020). The first 2^k samples of a pixel are
/// stratified in each pair, which is worth about four times as many independent samples.
class Sampler {
 public:
  constexpr Sampler(std::uint32_t x, std::uint32_t y, std::uint32_t sample, std::uint32_t seed)
      : pixel_(hash(hash(x, y), seed)), sample_(sample) {}

  [[nodiscard]] constexpr Sample2 next_2d() {
    const std::uint32_t scramble = hash(pixel_, dimension_++);
    const std::uint32_t index = reverse_bits(owen_hash(reverse_bits(sample_), scramble));
    // In a (0,2)-sequence the first dimension is the reversed index itself.
    const std::uint32_t x = reverse_bits(owen_hash(index, hash(scramble ^ 0x68BC'21EBU)));
    const std::uint32_t y = reverse_bits(owen_hash(pascal(index), hash(scramble ^ 0x02E5'BE93U)));
    return {to_unit_float(x), to_unit_float(y)};
  }

  [[nodiscard]] constexpr float next_1d() {
    const std::uint32_t scramble = hash(pixel_, dimension_++);
    const std::uint32_t index = reverse_bits(owen_hash(reverse_bits(sample_), scramble));
    return to_unit_float(reverse_bits(owen_hash(index, hash(scramble ^ 0x68BC'21EBU))));
  }

  [[nodiscard]] static constexpr std::uint32_t reverse_bits(std::uint32_t x) {
    x = __builtin_bswap32(x);
    x = ((x & 0x0F0F'0F0FU) << 4) | ((x >> 4) & 0x0F0F'0F0FU);
    x = ((x & 0x3333'3333U) << 2) | ((x >> 2) & 0x3333'3333U);
    return ((x & 0x5555'5555U) << 1) | ((x >> 1) & 0x5555'5555U);
  }

  /// Multiplies the index by Pascal's triangle modulo 2: the second Sobol' dimension, reversed.
  [[nodiscard]] static constexpr std::uint32_t pascal(std::uint32_t x) {
    x ^= (x & 0xFFFF'0000U) >> 16;
    x ^= (x & 0xFF00'FF00U) >> 8;
    x ^= (x & 0xF0F0'F0F0U) >> 4;
    x ^= (x & 0xCCCC'CCCCU) >> 2;
    return x ^ ((x & 0xAAAA'AAAAU) >> 1);
  }

 private:
  /// Scrambles like Owen, for reversed bits: each bit is flipped by a hash of the bits below it
  /// (Laine and Karras; constants by Vegdahl).
  [[nodiscard]] static constexpr std::uint32_t owen_hash(std::uint32_t x, std::uint32_t seed) {
    x ^= x * 0x3D20'ADEAU;
    x += seed;
    x *= (seed >> 16) | 1U;
    x ^= x * 0x0552'6C56U;
    return x ^ (x * 0x53A2'2864U);
  }

  std::uint32_t pixel_;
  std::uint32_t sample_;
  std::uint32_t dimension_ = 0;
};

}  // namespace raytracer
