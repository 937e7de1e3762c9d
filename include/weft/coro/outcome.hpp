/// @file
/// Outcome<T>: how something ended, a value or an exception.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <weft/base/assert.hpp>

namespace weft::inline v0 {

namespace detail {
/// A result as something that can be stored: nothing is a value too.
template <class T>
using Elided = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
}  // namespace detail

/// A value, or the exception that came instead of it. Made by when_all_settled, and used inside weft.
///
/// Threads: one at a time.
template <class T>
class [[nodiscard]] Outcome {
  using Stored = std::conditional_t<
      std::is_void_v<T>, std::monostate,
      std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<T>, std::remove_cv_t<T>>>;

 public:
  Outcome() = default;

  /// Keeps what `function()` returns or throws.
  template <class F>
  void emplace_from(F&& function) noexcept {
    try {
      if constexpr (std::is_void_v<T>) {
        std::forward<F>(function)();
        value_.emplace();
      } else if constexpr (std::is_reference_v<T>) {
        value_.emplace(std::addressof(std::forward<F>(function)()));
      } else {
        value_.emplace(std::forward<F>(function)());
      }
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

  /// The exception, or null.
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }

  /// Takes the value out, or throws the exception. Pre: it has ended one way or the other, and was not taken before.
  T get() && {
    WEFT_ASSERT(has_value() || error_ != nullptr, "an Outcome was taken before there was one, or for the second time");
    // Moved out, so that whoever catches it is the last to hold it.
    if (!has_value()) std::rethrow_exception(std::move(error_));
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(**value_);
    } else if constexpr (!std::is_void_v<T>) {
      return *std::move(value_);
    }
  }

 private:
  std::optional<Stored> value_;
  std::exception_ptr error_;
};

}  // namespace weft::inline v0
