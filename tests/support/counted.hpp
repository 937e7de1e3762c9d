/// @file
/// A value that counts its living copies, so that a test sees what was leaked, copied or destroyed twice.
#pragma once

#include <atomic>
#include <utility>

namespace weft_test {

/// Moves leave an empty object behind, which does not count.
class Counted {
 public:
  explicit Counted(int value = 0) : value_(value), is_full_(true) { alive_.fetch_add(1); }
  Counted(const Counted& other) : value_(other.value_), is_full_(other.is_full_) {
    if (is_full_) alive_.fetch_add(1);
  }
  Counted(Counted&& other) noexcept : value_(other.value_), is_full_(std::exchange(other.is_full_, false)) {}
  Counted& operator=(Counted other) noexcept {
    std::swap(value_, other.value_);
    std::swap(is_full_, other.is_full_);
    return *this;
  }
  ~Counted() {
    if (is_full_) alive_.fetch_sub(1);
  }

  [[nodiscard]] int value() const { return value_; }

  /// Living full objects of the whole program.
  [[nodiscard]] static int alive() { return alive_.load(); }

 private:
  inline static std::atomic<int> alive_{0};
  int value_;
  bool is_full_;
};

}  // namespace weft_test
