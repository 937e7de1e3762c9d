/// @file
/// IoCall: one operation of the kernel, to be awaited. IoResult: how one has ended, for whom errors are nothing unusual.
#pragma once

#include <coroutine>
#include <cstdint>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/io/operation.hpp>

namespace weft::inline v0 {
namespace io {

/// What an operation has given, or its error. `co_await stream.read(buffer).or_error()` gives one instead of throwing.
template <class T>
class [[nodiscard]] IoResult {
 public:
  explicit IoResult(T value) noexcept : value_(std::move(value)) {}
  explicit IoResult(std::error_code error) noexcept : error_(error) {}

  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }
  /// Pre: has_value().
  [[nodiscard]] const T& operator*() const& noexcept { return value_; }
  [[nodiscard]] T& operator*() & noexcept { return value_; }
  [[nodiscard]] T&& operator*() && noexcept { return std::move(value_); }
  /// Moves the value out. Pre: has_value().
  [[nodiscard]] T take() noexcept { return std::move(value_); }
  /// None if it has a value.
  [[nodiscard]] std::error_code error() const noexcept { return error_; }

 private:
  T value_{};
  std::error_code error_;
};

template <>
class [[nodiscard]] IoResult<void> {
 public:
  IoResult() noexcept = default;
  explicit IoResult(std::error_code error) noexcept : error_(error) {}
  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] std::error_code error() const noexcept { return error_; }

 private:
  std::error_code error_;
};

}  // namespace io

namespace detail {

/// What an operation is done to, for the text of its error: "read of 'name': ...". Refers to an object that outlives the operation.
struct IoSubject {
  const char* what = "";
  const void* object = nullptr;
  std::string (*describe)(const void* object) = nullptr;
};

/// Errors: std::system_error with what was done to what, and `number` as the system knows it.
[[noreturn]] WEFT_API void throw_io_error(int number, const IoSubject& subject);

class IoAwaiter : public IoOperation {
 public:
  IoAwaiter(const IoRequest& request, const IoSubject& subject) noexcept : IoOperation(request), subject_(subject) {}

  static constexpr bool await_ready() noexcept { return false; }
  // Lives in: the awaiting frame (L3). Woken by: whoever finds that the operation has ended; exactly once.
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(job_of(self), PromiseBase::scope_of(self));
    // ---- *this may be gone if it returned true (L4) ----
  }

 protected:
  [[nodiscard]] const IoSubject& subject() const noexcept { return subject_; }
  std::int32_t end_or_throw() {
    const std::int32_t result = end();
    if (result < 0) [[unlikely]] throw_io_error(-result, subject_);
    return result;
  }

 private:
  IoSubject subject_;
};

inline namespace WEFT_TRANSFER_NAMESPACE {

/// What `.or_error()` of an operation gives. A stop request still ends it by OperationCancelled.
///
/// `Call` has a type Value and `Value value(std::int32_t result)`, which says what a result that is no error means.
template <class Call>
class [[nodiscard("co_await it")]] OrError : public Call {
 public:
  using Value = typename Call::Value;

  explicit OrError(Call&& call) noexcept : Call(std::move(call)) {}
  io::IoResult<Value> await_resume() {
    const std::int32_t result = this->end();
    if (result < 0) return io::IoResult<Value>(std::error_code(-result, std::system_category()));
    if constexpr (std::is_void_v<Value>) {
      return io::IoResult<void>();
    } else {
      return io::IoResult<Value>(this->value(result));
    }
  }
};

/// An operation that has not begun: `co_await` begins it.
///
/// Errors: of `co_await`: std::system_error with what was done to what; OperationCancelled when the task is asked to stop before it has ended;
///         UsageError on a thread that is no worker.
template <class T>
class [[nodiscard("co_await it")]] IoCall : public IoAwaiter {
 public:
  using Value = T;
  using IoAwaiter::IoAwaiter;
  T await_resume() { return value(end_or_throw()); }
  /// The same, with errors as values: for those that are nothing unusual.
  [[nodiscard]] OrError<IoCall> or_error() && noexcept { return OrError<IoCall>(std::move(*this)); }

 protected:
  static T value(std::int32_t result) noexcept { return static_cast<T>(result); }
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail
}  // namespace weft::inline v0
