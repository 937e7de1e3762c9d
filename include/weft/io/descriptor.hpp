/// @file
/// Descriptor: a file of the kernel's that somebody owns.
#pragma once

#include <utility>

#include <weft/base/platform.hpp>

namespace weft::inline v0 {
namespace io {

/// A descriptor that is closed with its owner.
///
/// Threads: one at a time.
class [[nodiscard]] Descriptor {
 public:
  Descriptor() noexcept = default;
  /// Takes it over.
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  /// -1: none.
  [[nodiscard]] int number() const noexcept { return number_; }
  /// Gives it away.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  /// Pre: no operation on it is under way.
  WEFT_API void close() noexcept;

 private:
  int number_ = -1;
};

}  // namespace io
}  // namespace weft::inline v0
