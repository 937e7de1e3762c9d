/// @file
/// Telling tasks from callables, and keeping a callable alive while the task it returned runs.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <weft/coro/task.hpp>

namespace weft::inline v0 {
namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {
template <class T>
inline constexpr bool kIsTask = false;
template <class T>
inline constexpr bool kIsTask<Task<T>> = true;
}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// A Task, by value.
template <class T>
concept IsTask = detail::kIsTask<std::remove_cvref_t<T>>;

/// A callable that returns a Task: typically a lambda coroutine.
template <class F>
concept TaskFunction = std::invocable<F&> && IsTask<std::invoke_result_t<F&>>;

/// A callable that does its work when called.
template <class F>
concept JobFunction = std::invocable<F&> && !IsTask<std::invoke_result_t<F&>>;

/// Calls `function` and awaits the task it returns; the closure lives as long as the task (L2).
template <TaskFunction F>
std::invoke_result_t<F&> invoke_task(F function) {
  static_assert(alignof(F) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "a spawned callable cannot be over-aligned: let it hold a std::unique_ptr to what needs the alignment");
  auto task = function();
  co_return co_await std::move(task);
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace weft::inline v0
