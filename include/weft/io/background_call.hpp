/// @file
/// An operation that goes on while whoever has begun it does something else.
#pragma once

#include <cstdint>
#include <optional>

#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/io/operation.hpp>

namespace weft::inline v0::detail {

/// One operation after another, of which nobody waits for the end until it is wanted.
///
/// Threads:  one at a time, on workers.
/// Lifetime: stays where it is, and what the operation uses too, until what was begun has ended and its result has been taken.
class BackgroundCall {
 public:
  BackgroundCall() noexcept;
  BackgroundCall(const BackgroundCall&) = delete;
  BackgroundCall& operator=(const BackgroundCall&) = delete;
  ~BackgroundCall() = default;

  /// Begins an operation in a scope that outlives it. Pre: no other goes on.
  ///
  /// @return  false: it has ended at once
  /// Errors:  as IoOperation::begin; then none has begun.
  WEFT_API bool begin(const IoRequest& request, StopScope& scope);

  /// Whether an operation was begun whose result has not been taken.
  [[nodiscard]] bool is_begun() const noexcept { return operation_.has_value(); }
  /// Zero when what was begun has ended.
  [[nodiscard]] Counter& ended() noexcept { return ended_; }
  /// What the call has returned; negative: the number of an error, -ECANCELED after a stop. Pre: it has ended.
  [[nodiscard]] WEFT_API std::int32_t take() noexcept;

 private:
  struct EndedJob : Job {
    BackgroundCall* call = nullptr;
  };

  EndedJob job_;
  Counter ended_;
  std::optional<IoOperation> operation_;
};

}  // namespace weft::inline v0::detail
