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

#include <weft/coro/outcome.hpp>
#include <weft/coro/task.hpp>

namespace weft::inline v0 {

namespace detail {

/// Makes `child` part of a fork; `sibling` is the one after it.
inline void link_child(PromiseBase& child, Join& join, Job* sibling) noexcept {
  child.end = reinterpret_cast<std::uintptr_t>(&join);
  child.scope = &join.scope;
  child.successor.sibling = sibling;
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

/// A fixed number of forked tasks; lives in the parent's frame (L3).
template <class... Ts>
class ForkedPack {
 public:
  static constexpr std::size_t kCount = sizeof...(Ts);

  explicit ForkedPack(bool stops_on_error, Task<Ts>&&... children) noexcept
      : children_(std::move(children)...), join_(kCount, stops_on_error) {}
  ForkedPack(const ForkedPack&) = delete;
  ForkedPack& operator=(const ForkedPack&) = delete;

  static constexpr bool await_ready() noexcept { return kCount == 0; }

  template <class Promise>
  WEFT_ALWAYS_INLINE Transfer await_suspend(std::coroutine_handle<Promise> parent) {
    if (!std::apply([](const Task<Ts>&... child) { return (static_cast<bool>(child) && ...); }, children_)) [[unlikely]] throw_empty_task();
    join_.parent = job_of(parent);
    join_.scope.put_into(PromiseBase::scope_of(parent));
    link_children(std::index_sequence_for<Ts...>{});
    if constexpr (kCount > 1) {
      WorkerContext* const worker = current_worker();
      // Everything unusual in one call that ends this function, so that nothing has to be kept in registers across it.
      if (worker == nullptr || !worker->fork_deque->has_room(kCount - 1)) [[unlikely]] return fork_slow(worker);
      push_children(*worker);
    }
    // ---- other workers may run the children from here; the parent resumes after the last (L4) ----
    if constexpr (kCount == 0) {
      return transfer_to(job_of(parent), job_of(parent));
    } else {
      return transfer_to(job_of(parent), job_of(std::get<0>(children_).handle()));
    }
  }

 protected:
  [[noreturn]] WEFT_NOINLINE void throw_first() {
    const auto promises = this->promises();
    throw_first_error(promises.data(), kCount);
  }

  std::tuple<Task<Ts>...> children_;
  Join join_;

 private:
  WEFT_ALWAYS_INLINE Job* job_at(std::size_t wanted) const noexcept {
    Job* found = nullptr;
    std::size_t i = 0;
    std::apply([&](const Task<Ts>&... child) { ((i++ == wanted ? static_cast<void>(found = job_of(child.handle())) : void()), ...); },
               children_);
    return found;
  }

  template <std::size_t... I>
  WEFT_ALWAYS_INLINE void link_children(std::index_sequence<I...>) noexcept {
    (link_child(std::get<I>(children_).handle().promise(), join_, I + 1 < kCount ? job_at(I + 1) : nullptr), ...);
  }

  std::array<PromiseBase*, kCount> promises() const noexcept {
    return std::apply(
        [](const Task<Ts>&... child) {
          return std::array<PromiseBase*, kCount>{&child.handle().promise()...};
        },
        children_);
  }

  WEFT_ALWAYS_INLINE void push_children(WorkerContext& worker) noexcept {
    worker.fork_deque->push_chain_reserved(kCount - 1, [&](std::size_t i) { return job_at(i + 1); });
    notify_work(worker);
  }

  WEFT_COLD Transfer fork_slow(WorkerContext* worker) {
    if (worker != nullptr) {
      worker->fork_deque->reserve(kCount - 1);
      push_children(*worker);
      return transfer_to(join_.parent, job_of(std::get<0>(children_).handle()));
    }
    const auto promises = this->promises();
    Job* const parent = join_.parent;
    return start_children_here(promises.data(), kCount, join_) ? transfer_to(parent, parent) : return_to_loop();
  }
};

/// Any number of forked tasks of one type; lives in the parent's frame (L3).
template <class T>
class ForkedRange {
 public:
  ForkedRange(bool stops_on_error, std::vector<Task<T>>&& children) noexcept
      : children_(std::move(children)), join_(static_cast<std::uint32_t>(children_.size()), stops_on_error) {}
  ForkedRange(const ForkedRange&) = delete;
  ForkedRange& operator=(const ForkedRange&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return children_.empty(); }

  template <class Promise>
  Transfer await_suspend(std::coroutine_handle<Promise> parent) {
    const std::size_t count = children_.size();
    for (const Task<T>& child : children_) {
      if (!child) throw_empty_task();
    }
    join_.parent = job_of(parent);
    join_.scope.put_into(PromiseBase::scope_of(parent));
    for (std::size_t i = 0; i < count; ++i) {
      link_child(children_[i].handle().promise(), join_, i + 1 < count ? job_of(children_[i + 1].handle()) : nullptr);
    }
    WorkerContext* const worker = current_worker();
    if (worker == nullptr) [[unlikely]] return run_here();
    if (count > 1) {
      worker->fork_deque->push_chain(count - 1, [&](std::size_t i) { return job_of(children_[i + 1].handle()); });
      notify_work(*worker);
    }
    // ---- other workers may run the children from here; the parent resumes after the last (L4) ----
    return transfer_to(job_of(parent), job_of(children_[0].handle()));
  }

 protected:
  [[noreturn]] void throw_first() {
    const auto promises = this->promises();
    throw_first_error(promises.data(), promises.size());
  }

  std::vector<Task<T>> children_;
  Join join_;

 private:
  std::vector<PromiseBase*> promises() const {
    std::vector<PromiseBase*> promises;
    promises.reserve(children_.size());
    for (const Task<T>& child : children_) promises.push_back(&child.handle().promise());
    return promises;
  }

  WEFT_COLD Transfer run_here() {
    const auto promises = this->promises();
    Job* const parent = join_.parent;
    return start_children_here(promises.data(), promises.size(), join_) ? transfer_to(parent, parent) : return_to_loop();
  }
};

template <class T>
ElidedVoid<T> take_child(const Task<T>& child) {
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return child.handle().promise().take();
  }
}

template <class T>
Outcome<T> settle_child(const Task<T>& child) noexcept {
  Outcome<T> outcome;
  outcome.emplace_from([&child]() -> T { return child.handle().promise().take(); });
  return outcome;
}

template <class... Ts>
class [[nodiscard("co_await it")]] WhenAll : public ForkedPack<Ts...> {
 public:
  explicit WhenAll(Task<Ts>&&... children) noexcept : ForkedPack<Ts...>(true, std::move(children)...) {}

  auto await_resume() {
    return std::apply(
        [this](const Task<Ts>&... child) {
          if (!(child.handle().promise().has_value() && ...)) [[unlikely]] this->throw_first();
          if constexpr (!(std::is_void_v<Ts> && ...)) {
            return std::tuple<ElidedVoid<Ts>...>(take_child(child)...);
          }
        },
        this->children_);
  }
};

template <class T>
class [[nodiscard("co_await it")]] WhenAllRange : public ForkedRange<T> {
 public:
  explicit WhenAllRange(std::vector<Task<T>>&& children) noexcept : ForkedRange<T>(true, std::move(children)) {}

  auto await_resume() {
    for (const Task<T>& child : this->children_) {
      if (!child.handle().promise().has_value()) this->throw_first();
    }
    if constexpr (!std::is_void_v<T>) {
      static_assert(!std::is_reference_v<T>, "when_all over a vector needs tasks that return values: return a pointer");
      std::vector<T> results;
      results.reserve(this->children_.size());
      for (const Task<T>& child : this->children_) results.push_back(take_child(child));
      return results;
    }
  }
};

template <class... Ts>
class [[nodiscard("co_await it")]] WhenAllSettled : public ForkedPack<Ts...> {
 public:
  explicit WhenAllSettled(Task<Ts>&&... children) noexcept : ForkedPack<Ts...>(false, std::move(children)...) {}

  std::tuple<Outcome<Ts>...> await_resume() {
    return std::apply([](const Task<Ts>&... child) { return std::tuple<Outcome<Ts>...>(settle_child(child)...); },
                      this->children_);
  }
};

template <class T>
class [[nodiscard("co_await it")]] WhenAllSettledRange : public ForkedRange<T> {
 public:
  explicit WhenAllSettledRange(std::vector<Task<T>>&& children) noexcept : ForkedRange<T>(false, std::move(children)) {}

  std::vector<Outcome<T>> await_resume() {
    std::vector<Outcome<T>> outcomes;
    outcomes.reserve(this->children_.size());
    for (const Task<T>& child : this->children_) outcomes.push_back(settle_child(child));
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
/// Lifetime: the children end before co_await returns, so that they may refer to the caller's locals.
/// Errors:   a child that throws asks its siblings to stop; when all have ended, the first exception in argument order
///           is thrown (one that is no OperationCancelled, if there is one). std::bad_alloc, before anything started.
/// Cost:     no allocation. Per child that nobody stole: one push and one exchange.
/// Example:  samples/02_fork_join.cpp
template <class... Ts>
[[nodiscard("co_await it")]] detail::WhenAll<Ts...> when_all(Task<Ts>... tasks) noexcept {
  return detail::WhenAll<Ts...>(std::move(tasks)...);
}

/// The same for any number of tasks of one type.
///
/// @return  a std::vector<T> of the results in order; nothing for T = void. Cost: one array of pointers beside the tasks.
template <class T>
[[nodiscard("co_await it")]] detail::WhenAllRange<T> when_all(std::vector<Task<T>> tasks) noexcept {
  return detail::WhenAllRange<T>(std::move(tasks));
}

/// As when_all, but a child's exception stops nobody and comes back as an Outcome beside the others' results.
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
