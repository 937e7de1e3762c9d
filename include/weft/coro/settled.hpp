/// @file
/// Awaiting a task without throwing.
#pragma once

#include <coroutine>
#include <utility>

#include <weft/coro/outcome.hpp>
#include <weft/coro/task.hpp>

namespace weft::inline v0 {
namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// `co_await settled` runs the task and gives its Outcome. Named before it is awaited (gcc 12 miscompiles closures and
/// aggregates inside such expressions).
template <class T>
class [[nodiscard]] Settled {
 public:
  explicit Settled(Task<T> task) noexcept : awaiter_(std::move(task)) {}
  /// In a scope inside that of whoever awaits it.
  Settled(Task<T> task, StopScope& scope) noexcept : awaiter_(std::move(task)), scope_(&scope) {}
  static constexpr bool await_ready() noexcept { return false; }
  template <class Promise>
  Transfer await_suspend(std::coroutine_handle<Promise> awaiting) {
    return awaiter_.start_in(scope_ != nullptr ? scope_ : PromiseBase::scope_of(awaiting), job_of(awaiting));
  }
  Outcome<T> await_resume() noexcept {
    Outcome<T> outcome;
    outcome.emplace_from([this]() -> T { return awaiter_.await_resume(); });
    return outcome;
  }

 private:
  TaskAwaiter<T> awaiter_;
  StopScope* scope_ = nullptr;  // null: that of whoever awaits
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail
}  // namespace weft::inline v0
