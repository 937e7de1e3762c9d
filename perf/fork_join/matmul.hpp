/// @file
/// Multiplies matrices by halving them: two rounds of four products that may run at once, down to blocks of 32 x 32.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/bench.hpp"

namespace matmul {

inline std::size_t size() { return perf::size<std::size_t>(2048, 128); }

/// A square part of a matrix with rows `stride` apart.
struct Block {
  std::int32_t* data;
  std::size_t stride;

  [[nodiscard]] Block quarter(std::size_t row, std::size_t column, std::size_t half) const {
    return {data + row * half * stride + column * half, stride};
  }
};

/// c += a * b, each n x n.
struct Product {
  Block a;
  Block b;
  Block c;
  std::size_t n;

  [[nodiscard]] bool is_small() const { return n <= 32; }

  /// One of the eight products of halves; those with the same `inner` write to different quarters of c.
  [[nodiscard]] Product part(std::size_t row, std::size_t column, std::size_t inner) const {
    const std::size_t half = n / 2;
    return {a.quarter(row, inner, half), b.quarter(inner, column, half), c.quarter(row, column, half), half};
  }

#if defined(__clang__)
  // In a coroutine clang would leave its variables in the frame and not vectorise it: three times as slow.
  [[gnu::noinline]]
#endif
  void multiply() const {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < n; ++k) {
        for (std::size_t j = 0; j < n; ++j) {
          c.data[i * c.stride + j] += a.data[i * a.stride + k] * b.data[k * b.stride + j];
        }
      }
    }
  }
};

/// The two factors and the result.
class Matrices {
 public:
  explicit Matrices(std::size_t n) : n_(n), a_(n * n), b_(n * n), c_(n * n) {
    for (std::size_t i = 0; i < n * n; ++i) {
      a_[i] = static_cast<std::int32_t>(i * 2654435761U >> 8) % 10;
      b_[i] = static_cast<std::int32_t>(i * 2246822519U >> 8) % 10;
    }
  }

  void clear() { std::fill(c_.begin(), c_.end(), 0); }
  [[nodiscard]] Product product() { return {{a_.data(), n_}, {b_.data(), n_}, {c_.data(), n_}, n_}; }

  /// Checks c * v == a * (b * v) for a vector v (Freivalds).
  void verify() const {
    std::vector<std::int64_t> v(n_);
    for (std::size_t i = 0; i < n_; ++i) v[i] = static_cast<std::int64_t>(i * 7919 % 1009);
    perf::verify(times(c_, v) == times(a_, times(b_, v)), "matmul");
  }

 private:
  [[nodiscard]] std::vector<std::int64_t> times(const std::vector<std::int32_t>& matrix,
                                                const std::vector<std::int64_t>& v) const {
    std::vector<std::int64_t> result(n_);
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) result[i] += matrix[i * n_ + j] * v[j];
    }
    return result;
  }

  std::size_t n_;
  std::vector<std::int32_t> a_;
  std::vector<std::int32_t> b_;
  std::vector<std::int32_t> c_;
};

}  // namespace matmul
