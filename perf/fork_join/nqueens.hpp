/// @file
/// Counts the ways to put n queens on a board: a fork for each queen that may stand in a row, down to the last row.
#pragma once

#include <array>
#include <cstdint>

#include "support/bench.hpp"

namespace nqueens {

inline constexpr unsigned kMost = 14;

/// 27.4 million calls.
inline unsigned size() { return perf::size(kMost, 8U); }

/// The column of the queen in each row. Copied into every call.
using Board = std::array<char, kMost>;

/// Whether a queen in `column` of `row` is safe from those above.
inline bool is_safe(const Board& board, unsigned row, unsigned column) {
  const int wanted = static_cast<int>(column);
  for (unsigned above = 0; above < row; ++above) {
    const int taken = board[above];
    const int distance = static_cast<int>(row - above);
    if (wanted == taken || wanted == taken - distance || wanted == taken + distance) return false;
  }
  return true;
}

inline Board with_queen(Board board, unsigned row, unsigned column) {
  board[row] = static_cast<char>(column);
  return board;
}

/// The columns of a row in which a queen is safe.
struct Columns {
  std::array<char, kMost> column;
  unsigned count = 0;
};

#if defined(__clang__)
// In a coroutine clang would leave its variables in the frame; serial code gains by it too.
[[gnu::noinline]]
#endif
inline Columns safe_columns(const Board& board, unsigned row, unsigned n) {
  Columns safe;
  for (unsigned column = 0; column < n; ++column) {
    if (is_safe(board, row, column)) safe.column[safe.count++] = static_cast<char>(column);
  }
  return safe;
}

inline void verify(unsigned n, std::uint64_t result) {
  constexpr std::array<std::uint64_t, kMost + 1> kSolutions{
      1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200, 73712, 365596};
  perf::verify(result == kSolutions[n], "nqueens");
}

}  // namespace nqueens
