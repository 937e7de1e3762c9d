/// @file
/// Unbalanced tree search, tree T1 of the UTS benchmark: nobody knows how large a subtree is before it has been walked.
///
/// A node is a SHA-1 hash, its children are hashes of it and their numbers. At depths below the limit the number of children
/// is geometric with mean 4. The published size of T1 (root 19, depth 10) is the check.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "support/bench.hpp"

namespace uts {

struct Node {
  std::array<std::uint32_t, 5> hash;
  std::uint32_t depth;

  [[nodiscard]] Node child(std::uint32_t number) const;
  /// At most 100.
  [[nodiscard]] std::uint32_t child_count(std::uint32_t depth_limit) const;
};

/// The root of the tree with this seed.
Node root(std::uint32_t seed = 19);

/// 4.1 million calls at depth 10.
inline std::uint32_t depth_limit() { return perf::size<std::uint32_t>(10, 5); }

/// What a subtree holds.
struct Tree {
  std::uint64_t nodes = 1;
  std::uint64_t leaves = 0;
  std::uint32_t depth = 0;

  Tree& operator+=(const Tree& child) {
    nodes += child.nodes;
    leaves += child.leaves;
    depth = std::max(depth, child.depth);
    return *this;
  }
  friend bool operator==(const Tree&, const Tree&) = default;
};

/// The subtree that is only this node so far.
inline Tree tree_of(const Node& node, std::uint32_t children) { return {1, children == 0 ? 1U : 0U, node.depth}; }

void verify(std::uint32_t depth_limit, const Tree& result);

}  // namespace uts
