/// @file
/// What can stand behind co_await, and what it gives.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/coro/invoke_task.hpp>

namespace weft::inline v0::detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// What co_await would make of it.
template <class Awaitable>
WEFT_ALWAYS_INLINE decltype(auto) awaiter_of(Awaitable&& awaitable) {
  if constexpr (requires { std::forward<Awaitable>(awaitable).operator co_await(); }) {
    return std::forward<Awaitable>(awaitable).operator co_await();
  } else if constexpr (requires { operator co_await(std::forward<Awaitable>(awaitable)); }) {
    return operator co_await(std::forward<Awaitable>(awaitable));
  } else {
    return std::forward<Awaitable>(awaitable);
  }
}

template <class Awaitable>
concept HasCoAwait = requires { std::declval<Awaitable>().operator co_await(); } || requires { operator co_await(std::declval<Awaitable>()); };

/// What is awaited once, and so not by its name: a Task, a JoinHandle.
template <class Awaitable>
concept AwaitedOnce = HasCoAwait<Awaitable&&> && !HasCoAwait<Awaitable&>;

/// What is no task, but can be moved into one and awaited there: an operation of the kernel, a sleep.
template <class T>
concept Operation = std::is_object_v<T> && !IsTask<T> && std::move_constructible<T> && (HasCoAwait<T&&> || requires(T& awaiter) {
  awaiter.await_ready();
  awaiter.await_resume();
});

/// Tasks and operations, of which at least one is no task.
template <class... Ts>
concept SomeOperations = ((IsTask<Ts> || Operation<Ts>) && ...) && (Operation<Ts> || ...);

/// What co_await gives for an Operation; by value, where it would refer to the awaiter.
template <Operation T>
struct AwaitResult {
  using Raw = decltype(awaiter_of(std::declval<T>()).await_resume());
  using Type = std::conditional_t<std::is_lvalue_reference_v<Raw>, Raw, std::remove_cvref_t<Raw>>;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace weft::inline v0::detail
