/// @file
/// when_all: run several tasks at once and wait for all of them. The structured fork and join.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <weft/coro/as_task.hpp>
#include <weft/coro/fork.hpp>
#include <weft/coro/outcome.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/task_results.hpp>

namespace weft::inline v0 {

namespace detail {

/// A result as containers and variants can hold it.
template <class T>
using Held = std::conditional_t<std::is_lvalue_reference_v<T>, std::reference_wrapper<std::remove_reference_t<T>>,
                                Elided<std::remove_reference_t<T>>>;

}  // namespace detail

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

template <class T>
WEFT_ALWAYS_INLINE Elided<T> take_from(ResultSlot<T>& child) {
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return child.take();
  }
}

template <class T>
Outcome<T> settle(ResultSlot<T>& child) noexcept {
  Outcome<T> outcome;
  outcome.emplace_from([&child]() -> T { return child.take(); });
  return outcome;
}

template <class... Ts>
class [[nodiscard("co_await it")]] WhenAll : public ForkedPack<StopScope::OnError::StopOthers, Ts...> {
 public:
  explicit WhenAll(Task<Ts>&&... children) noexcept : ForkedPack<StopScope::OnError::StopOthers, Ts...>(std::move(children)...) {}

  WEFT_ALWAYS_INLINE auto await_resume() { return results(std::index_sequence_for<Ts...>()); }

 private:
  template <std::size_t... I>
  WEFT_ALWAYS_INLINE auto results(std::index_sequence<I...>) {
    if (!(this->template promise<I>().has_value() && ...)) [[unlikely]] this->throw_first(this->first());
    const typename WhenAll::Taker taker(*this);
    if constexpr (!(std::is_void_v<Ts> && ...)) {
      return std::tuple<Elided<Ts>...>(take_from<Ts>(this->template promise<I>())...);
    }
  }
};

template <class T>
class [[nodiscard("co_await it")]] WhenAllRange : public ForkedRange<StopScope::OnError::StopOthers, T, std::vector<Task<T>>> {
 public:
  explicit WhenAllRange(std::vector<Task<T>>&& children) noexcept
      : ForkedRange<StopScope::OnError::StopOthers, T, std::vector<Task<T>>>(std::move(children)) {}

  auto await_resume() {
    if (!this->have_values()) this->throw_first(this->first());
    const typename WhenAllRange::Taker taker(*this);
    if constexpr (!std::is_void_v<T>) {
      std::vector<Held<T>> results;
      results.reserve(this->children_.size());
      for (const Task<T>& child : this->children_) results.push_back(take_from<T>(child.handle().promise()));
      return results;
    }
  }
};

template <class T>
class [[nodiscard("co_await it")]] WhenAllSpan : public ForkedRange<StopScope::OnError::StopOthers, T, std::span<Task<T>>> {
 public:
  explicit WhenAllSpan(std::span<Task<T>> children) noexcept
      : ForkedRange<StopScope::OnError::StopOthers, T, std::span<Task<T>>>(std::move(children)) {}

  auto await_resume() {
    if (!this->have_values()) this->throw_first(this->first());
    if constexpr (!std::is_void_v<T>) return TaskResults<T>(this->children_);
  }
};

template <class T>
class [[nodiscard("co_await it")]] WhenAllList : public ForkedList<T> {
 public:
  explicit WhenAllList(TaskList<T>& children) noexcept : ForkedList<T>(children) {}

  auto await_resume() {
    if (!this->have_values()) this->throw_first(this->first());
    if constexpr (!std::is_void_v<T>) return ListResults<T>(this->children_);
  }
};

template <class... Ts>
class [[nodiscard("co_await it")]] WhenAllSettled : public ForkedPack<StopScope::OnError::LeaveOthers, Ts...> {
 public:
  explicit WhenAllSettled(Task<Ts>&&... children) noexcept : ForkedPack<StopScope::OnError::LeaveOthers, Ts...>(std::move(children)...) {}

  std::tuple<Outcome<Ts>...> await_resume() { return outcomes(std::index_sequence_for<Ts...>()); }

 private:
  template <std::size_t... I>
  std::tuple<Outcome<Ts>...> outcomes(std::index_sequence<I...>) {
    const typename WhenAllSettled::Taker taker(*this);
    return std::tuple<Outcome<Ts>...>(settle<Ts>(this->template promise<I>())...);
  }
};

template <class T>
class [[nodiscard("co_await it")]] WhenAllSettledRange : public ForkedRange<StopScope::OnError::LeaveOthers, T, std::vector<Task<T>>> {
 public:
  explicit WhenAllSettledRange(std::vector<Task<T>>&& children) noexcept
      : ForkedRange<StopScope::OnError::LeaveOthers, T, std::vector<Task<T>>>(std::move(children)) {}

  std::vector<Outcome<T>> await_resume() {
    const typename WhenAllSettledRange::Taker taker(*this);
    std::vector<Outcome<T>> outcomes;
    outcomes.reserve(this->children_.size());
    for (const Task<T>& child : this->children_) outcomes.push_back(settle<T>(child.handle().promise()));
    return outcomes;
  }
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Runs the tasks at once, on this worker and on any that is idle, and waits for all of them.
///
/// @return  a tuple of the results in order (std::monostate for void); nothing when all are void
/// Threads:  the children run on any worker of this runtime; on a thread that is no worker, all on this one.
/// Resumes:  on the worker that finished the last child.
/// Lifetime: the children end before co_await returns, so that they may refer to the caller's locals; and their frames are gone, so
///           that a result must not refer to a parameter that a child got by value.
/// Errors:   a child that throws asks its siblings to stop; when all have ended, the first exception in argument order
///           is thrown (one that is no OperationCancelled, if there is one). std::bad_alloc, before anything started.
///           UsageError when it is awaited a second time, whatever came out of the first.
/// Cost:     no allocation. Per child that nobody stole: one push and one exchange.
/// Example:  samples/02_fork_join.cpp
template <class... Ts>
[[nodiscard("co_await it")]] detail::WhenAll<Ts...> when_all(Task<Ts>... tasks) noexcept {
  return detail::WhenAll<Ts...>(std::move(tasks)...);
}

/// The same where some are no tasks but operations, which are made tasks (as_task): `when_all(stream.write_all(question), log.write_all(question))`.
/// Errors: as above; std::bad_alloc. Cost: a coroutine frame for each of those.
template <class... Ts>
  requires detail::SomeOperations<Ts...>
[[nodiscard("co_await it")]] auto when_all(Ts... operations) {
  return when_all(as_task(std::move(operations))...);
}

/// The same for any number of tasks of one type.
///
/// @return  a std::vector<T> of the results in order (of std::reference_wrapper for a reference); nothing for T = void
/// Errors:   as above; std::bad_alloc also when all have ended and there is no memory for the results.
/// Cost:     one array of pointers beside the tasks, and one of results.
template <class T>
[[nodiscard("co_await it")]] detail::WhenAllRange<T> when_all(std::vector<Task<T>> tasks) noexcept {
  return detail::WhenAllRange<T>(std::move(tasks));
}

/// The same for tasks that the caller keeps, in an array in its frame for example: `when_all(std::span(tasks).first(count))`.
///
/// @return  the results as a TaskResults<T>, which refers to the tasks; nothing for T = void
/// Lifetime: the tasks stay where they are until the results have been used.
/// Cost:     no allocation.
template <class T, std::size_t kExtent>
[[nodiscard("co_await it")]] detail::WhenAllSpan<T> when_all(std::span<Task<T>, kExtent> tasks) noexcept {
  return detail::WhenAllSpan<T>(std::span<Task<T>>(tasks));
}

/// The same for tasks in a list that the caller keeps, as many as there happen to be.
///
/// @return  the results as a ListResults<T>, which refers to the list; nothing for T = void
/// Lifetime: the list stays where it is until the results have been used.
/// Cost:     no allocation.
template <class T>
[[nodiscard("co_await it")]] detail::WhenAllList<T> when_all(TaskList<T>& tasks) noexcept {
  return detail::WhenAllList<T>(tasks);
}

/// As when_all, but a child's exception stops nobody and comes back as an Outcome beside the others' results.
///
/// @return  a tuple of an Outcome<T> for each, in order
/// Example: samples/09_other_libraries.cpp
template <class... Ts>
[[nodiscard("co_await it")]] detail::WhenAllSettled<Ts...> when_all_settled(Task<Ts>... tasks) noexcept {
  return detail::WhenAllSettled<Ts...>(std::move(tasks)...);
}

/// The same for any number of tasks of one type: a std::vector<Outcome<T>>.
template <class T>
[[nodiscard("co_await it")]] detail::WhenAllSettledRange<T> when_all_settled(std::vector<Task<T>> tasks) noexcept {
  return detail::WhenAllSettledRange<T>(std::move(tasks));
}

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
