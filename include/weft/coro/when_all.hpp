/// @file
/// when_all: run several tasks at once and wait for all of them. The structured fork and join.
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <weft/coro/task.hpp>

namespace weft::inline v0 {

namespace detail {

/// Forks: the first child is to be started by the caller, the others wait in the worker's deque.
///
/// @param children  promises with `end`, `scope` set and siblings linked, in order
/// @return          false: this thread is no worker, so every child has been started here already
inline void link_child(PromiseBase& child, Join& join, Job* sibling) noexcept {
  child.end = reinterpret_cast<std::uintptr_t>(&join);
  child.scope = &join.scope;
  child.sibling = sibling;
  child.credit = 1;
}

/// Throws the error of a fork: the first in argument order that is not just the echo of a stop request.
[[noreturn]] WEFT_API void throw_first_error(PromiseBase* const* children, std::size_t count);

/// Starts each child on this thread, which is no worker: nobody could steal, so nothing is queued.
///
/// @return  whether all have ended already
WEFT_API bool start_children_here(PromiseBase* const* children, std::size_t count, Join& join);

template <class T>
using ElidedVoid = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

}  // namespace detail

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// The awaiter of when_all over a fixed number of tasks; lives in the parent's frame (L3).
template <class... Ts>
class [[nodiscard("co_await it")]] WhenAll {
 public:
  static constexpr std::size_t kCount = sizeof...(Ts);

  explicit WhenAll(Task<Ts>&&... children) noexcept : children_(std::move(children)...) {}
  WhenAll(const WhenAll&) = delete;
  WhenAll& operator=(const WhenAll&) = delete;

  static constexpr bool await_ready() noexcept { return kCount == 0; }

  template <class Promise>
  WEFT_ALWAYS_INLINE Transfer await_suspend(std::coroutine_handle<Promise> parent) {
    using namespace v0::detail;
    const std::array<PromiseBase*, kCount> promises = promises_of(std::index_sequence_for<Ts...>{});
    join_.start(PromiseBase::scope_of(parent), job_of(parent), std::uint32_t{kCount});
    for (std::size_t i = 0; i < kCount; ++i) {
      link_child(*promises[i], join_, i + 1 < kCount ? job_of(promises[i + 1]->handle()) : nullptr);
    }
    WorkerContext* const worker = current_worker();
    if (worker == nullptr) [[unlikely]] {
      return start_children_here(promises.data(), kCount, join_) ? transfer_to(job_of(parent)) : return_to_loop();
    }
    if constexpr (kCount > 1) {
      worker->fork_deque->reserve(kCount - 1);
      worker->fork_deque->push_chain(kCount - 1, [&](std::size_t i) { return job_of(promises[i + 1]->handle()); });
      notify_work(*worker);
    }
    // ---- other workers may run the children from here; the parent resumes after the last (L4) ----
    return transfer_to(job_of(promises[0]->handle()));
  }

  auto await_resume() { return results(std::index_sequence_for<Ts...>{}); }

 private:
  template <std::size_t... I>
  std::array<detail::PromiseBase*, kCount> promises_of(std::index_sequence<I...>) {
    if ((!std::get<I>(children_) || ...)) [[unlikely]] detail::throw_empty_task();
    return {&std::get<I>(children_).handle().promise()...};
  }

  template <std::size_t... I>
  auto results(std::index_sequence<I...> all) {
    if (!(std::get<I>(children_).handle().promise().has_value && ...)) [[unlikely]] {
      const std::array<detail::PromiseBase*, kCount> promises = promises_of(all);
      detail::throw_first_error(promises.data(), kCount);
    }
    if constexpr (!(std::is_void_v<Ts> && ...)) {
      return std::tuple<detail::ElidedVoid<Ts>...>(take(std::get<I>(children_))...);
    }
  }

  template <class T>
  static detail::ElidedVoid<T> take(Task<T>& child) {
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return child.handle().promise().take();
    }
  }

  std::tuple<Task<Ts>...> children_;
  Join join_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Runs the tasks at once, on this worker and on any that is idle, and waits for all of them.
template <class... Ts>
[[nodiscard("co_await it")]] detail::WhenAll<Ts...> when_all(Task<Ts>... tasks) noexcept {
  return detail::WhenAll<Ts...>(std::move(tasks)...);
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
