/// @file
/// The exceptions that weft itself throws. What a task throws reaches its awaiter unchanged.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

#include <weft/base/platform.hpp>

namespace weft::inline v0 {

/// A mistake in the use of weft: the text says what was done, and what to do instead.
class WEFT_API UsageError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
  UsageError(const UsageError&) = default;
  ~UsageError() override;
};

/// A limit of the machine or of the options was reached: the text names it.
class WEFT_API LimitError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  LimitError(const LimitError&) = default;
  ~LimitError() override;
};

/// Thrown by an operation that ended because its task was asked to stop.
class WEFT_API OperationCancelled : public std::runtime_error {
 public:
  OperationCancelled() : std::runtime_error("weft: the operation was cancelled by a stop request") {}
  OperationCancelled(const OperationCancelled&) = default;
  ~OperationCancelled() override;
};

/// Thrown by timeout(): the work had not ended in its time, and has ended because it was asked to stop.
class WEFT_API TimeoutError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  TimeoutError(const TimeoutError&) = default;
  ~TimeoutError() override;
};

namespace detail {
/// Whether this is an OperationCancelled: the echo of a stop request, not its cause.
[[nodiscard]] WEFT_API bool is_cancellation(const std::exception_ptr& error) noexcept;
}  // namespace detail

}  // namespace weft::inline v0
