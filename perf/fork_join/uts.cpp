#include "fork_join/uts.hpp"

#include <bit>
#include <cmath>
#include <cstddef>

namespace uts {
namespace {

using Block = std::array<std::uint32_t, 16>;

/// SHA-1 (FIPS 180-4) of a message that fits into one block, padding included.
std::array<std::uint32_t, 5> sha1(const Block& block) {
  std::array<std::uint32_t, 80> w;
  std::copy(block.begin(), block.end(), w.begin());
  for (std::size_t t = 16; t < 80; ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  constexpr std::array<std::uint32_t, 5> kInitial{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  std::uint32_t a = kInitial[0];
  std::uint32_t b = kInitial[1];
  std::uint32_t c = kInitial[2];
  std::uint32_t d = kInitial[3];
  std::uint32_t e = kInitial[4];
  const auto round = [&](std::uint32_t f, std::uint32_t constant, std::uint32_t word) {
    const std::uint32_t next = std::rotl(a, 5) + f + e + constant + word;
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  };
  for (std::size_t t = 0; t < 20; ++t) round((b & c) | (~b & d), 0x5a827999, w[t]);
  for (std::size_t t = 20; t < 40; ++t) round(b ^ c ^ d, 0x6ed9eba1, w[t]);
  for (std::size_t t = 40; t < 60; ++t) round((b & c) | (b & d) | (c & d), 0x8f1bbcdc, w[t]);
  for (std::size_t t = 60; t < 80; ++t) round(b ^ c ^ d, 0xca62c1d6, w[t]);
  return {kInitial[0] + a, kInitial[1] + b, kInitial[2] + c, kInitial[3] + d, kInitial[4] + e};
}

/// The hash of a hash and a number: 24 bytes.
std::array<std::uint32_t, 5> hash_of(const std::array<std::uint32_t, 5>& hash, std::uint32_t number) {
  Block block{};
  std::copy(hash.begin(), hash.end(), block.begin());
  block[5] = number;
  block[6] = 0x80000000;
  block[15] = 24 * 8;
  return sha1(block);
}

Tree walk(const Node& node, std::uint32_t depth_limit) {
  const std::uint32_t children = node.child_count(depth_limit);
  Tree tree = tree_of(node, children);
  for (std::uint32_t i = 0; i < children; ++i) tree += walk(node.child(i), depth_limit);
  return tree;
}

}  // namespace

Node Node::child(std::uint32_t number) const { return {hash_of(hash, number), depth + 1}; }

std::uint32_t Node::child_count(std::uint32_t depth_limit) const {
  if (depth >= depth_limit) return 0;
  constexpr double kMean = 4.0;
  constexpr std::uint32_t kMost = 100;
  const double uniform = static_cast<double>(hash[4] & 0x7fffffff) / 2147483648.0;
  static const double log_of_stay = std::log(1.0 - 1.0 / (1.0 + kMean));
  return std::min(static_cast<std::uint32_t>(std::floor(std::log(1.0 - uniform) / log_of_stay)), kMost);
}

Node root(std::uint32_t seed) { return {hash_of({}, seed), 0}; }

void verify(std::uint32_t depth_limit, const Tree& result) {
  constexpr Tree kT1{4'130'071, 3'305'118, 10};
  perf::verify(result == (depth_limit == 10 ? kT1 : walk(root(), depth_limit)), "uts");
}

}  // namespace uts
