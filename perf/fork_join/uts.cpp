#include "fork_join/uts.hpp"

#include <bit>
#include <cmath>
#include <cstddef>

namespace uts {
namespace {

using Block = std::array<std::uint32_t, 16>;
using Hash = std::array<std::uint32_t, 5>;

/// The message schedule of SHA-1, made while it is used: word t replaces word t - 16.
class Schedule {
 public:
  explicit Schedule(const Block& block) : words_(block) {}

  std::uint32_t operator[](std::size_t t) {
    if (t >= 16) words_[t % 16] = std::rotl(at(t - 3) ^ at(t - 8) ^ at(t - 14) ^ at(t - 16), 1);
    return words_[t % 16];
  }

 private:
  [[nodiscard]] std::uint32_t at(std::size_t t) const { return words_[t % 16]; }

  Block words_;
};

/// Steps `first` to `first + 19` of SHA-1. Five are written out because then no word changes its name.
template <class Mix>
void twenty_steps(Hash& hash, Schedule& schedule, std::size_t first, std::uint32_t constant, Mix mix) {
  const auto step = [&](std::uint32_t a, std::uint32_t& b, std::uint32_t c, std::uint32_t d, std::uint32_t& e,
                        std::uint32_t word) {
    e += std::rotl(a, 5) + mix(b, c, d) + constant + word;
    b = std::rotl(b, 30);
  };
  auto [a, b, c, d, e] = hash;
  for (std::size_t t = first; t < first + 20; t += 5) {
    step(a, b, c, d, e, schedule[t]);
    step(e, a, b, c, d, schedule[t + 1]);
    step(d, e, a, b, c, schedule[t + 2]);
    step(c, d, e, a, b, schedule[t + 3]);
    step(b, c, d, e, a, schedule[t + 4]);
  }
  hash = {a, b, c, d, e};
}

/// SHA-1 (FIPS 180-4) of a message that fits into one block, padding included.
Hash sha1(const Block& block) {
  using Word = std::uint32_t;
  constexpr Hash kInitial{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  const auto parity = [](Word b, Word c, Word d) { return b ^ c ^ d; };
  Schedule schedule(block);
  Hash hash = kInitial;
  twenty_steps(hash, schedule, 0, 0x5a827999, [](Word b, Word c, Word d) { return (b & c) | (~b & d); });
  twenty_steps(hash, schedule, 20, 0x6ed9eba1, parity);
  twenty_steps(hash, schedule, 40, 0x8f1bbcdc, [](Word b, Word c, Word d) { return (b & c) | (b & d) | (c & d); });
  twenty_steps(hash, schedule, 60, 0xca62c1d6, parity);
  for (std::size_t i = 0; i < hash.size(); ++i) hash[i] += kInitial[i];
  return hash;
}

/// The hash of a message of `kWords` words.
template <std::size_t kWords>
Hash hash_of(const std::array<std::uint32_t, kWords>& message) {
  Block block{};
  std::copy(message.begin(), message.end(), block.begin());
  block[kWords] = 0x80000000;
  block[15] = kWords * 32;
  return sha1(block);
}

Tree walk(const Node& node, std::uint32_t depth_limit) {
  const std::uint32_t children = node.child_count(depth_limit);
  Tree tree = tree_of(node, children);
  for (std::uint32_t i = 0; i < children; ++i) tree += walk(node.child(i), depth_limit);
  return tree;
}

}  // namespace

Node Node::child(std::uint32_t number) const {
  return {hash_of<6>({hash[0], hash[1], hash[2], hash[3], hash[4], number}), depth + 1};
}

std::uint32_t Node::child_count(std::uint32_t depth_limit) const {
  if (depth >= depth_limit) return 0;
  constexpr double kMean = 4.0;
  constexpr std::uint32_t kMost = 100;
  const double uniform = static_cast<double>(hash[4] & 0x7fffffff) / 2147483648.0;
  static const double log_of_stay = std::log(1.0 - 1.0 / (1.0 + kMean));
  return std::min(static_cast<std::uint32_t>(std::floor(std::log(1.0 - uniform) / log_of_stay)), kMost);
}

Node root(std::uint32_t seed) { return {hash_of<5>({0, 0, 0, 0, seed}), 0}; }

void verify(std::uint32_t depth_limit, const Tree& result) {
  constexpr Tree kT1{4'130'071, 3'305'118, 10};
  perf::verify(result == (depth_limit == 10 ? kT1 : walk(root(), depth_limit)), "uts");
}

}  // namespace uts
