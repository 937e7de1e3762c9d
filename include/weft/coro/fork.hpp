/// @file
/// Forks: several tasks started at once, whose parent goes on when all have ended. What when_all is made of.
#pragma once

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <tuple>
#include <utility>

#include <weft/coro/task.hpp>
#include <weft/coro/task_list.hpp>

namespace weft::inline v0 {

namespace detail {

/// Chooses the error of a fork: the first in argument order that is not just the echo of a stop request.
class FirstError {
 public:
  WEFT_API void consider(PromiseBase& child) noexcept;
  [[noreturn]] WEFT_API void rethrow();

 private:
  std::exception_ptr error_;
  bool has_cause_ = false;
};

/// Starts a child on this thread, which is no worker: nobody could steal, so nothing is queued.
WEFT_API void start_child_here(PromiseBase& child);

}  // namespace detail

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// What is the same for all forks: the awaiter in the parent's frame (L3). `Children` is the derived class and has
///   count(), first(): the tasks
///   has_empty(): whether one of them is no task
///   for_each(visit): visit(promise, job of the next one or null) for each, in order
///   siblings(): something that returns the job of the i-th after the first when it is asked for 0, 1, ..., in this order
template <class Children>
class Fork {
 public:
  Fork(const Fork&) = delete;
  Fork& operator=(const Fork&) = delete;

  template <class Promise>
  WEFT_ALWAYS_INLINE Transfer await_suspend(std::coroutine_handle<Promise> parent) {
    const std::size_t count = children().count();
    if (children().has_empty()) [[unlikely]] throw_empty_task();
    if (children().first().done()) [[unlikely]] throw_fork_awaited_twice();
    join_.parent = job_of(parent);
    join_.scope.put_into(PromiseBase::scope_of(parent));
    children().for_each([this](PromiseBase& child, Job* sibling) { child.as_child(join_, sibling); });
    if (count > 1) {
      WorkerContext* const worker = current_worker();
      // Everything unusual in one call that ends this function, so that nothing has to be kept in registers across it.
      if (worker == nullptr || !worker->fork_deque->has_room(count)) [[unlikely]] return fork_slow(worker);
      push_siblings(*worker);
      light_fence();
      // relaxed: as in notify_work().
      if (worker->wake_hint->load(relaxed) != 0) [[unlikely]] return fork_noticed(*worker);
    }
    // ---- other workers may run the siblings from here; the parent resumes after the last (L4) ----
    return transfer_to(job_of(parent), job_of(children().first()));
  }

 protected:
  Fork(std::size_t count, bool stops_on_error) noexcept : join_(static_cast<std::uint32_t>(count), stops_on_error) {}
  ~Fork() = default;

  [[nodiscard]] bool have_values() const noexcept {
    bool all = true;
    children().for_each([&all](const PromiseBase& child, Job*) { all = all && child.has_value(); });
    return all;
  }

  [[noreturn]] WEFT_NOINLINE void throw_first() {
    FirstError error;
    children().for_each([&error](PromiseBase& child, Job*) { error.consider(child); });
    error.rethrow();
  }

 private:
  [[nodiscard]] WEFT_ALWAYS_INLINE const Children& children() const noexcept { return static_cast<const Children&>(*this); }

  WEFT_ALWAYS_INLINE void push_siblings(WorkerContext& worker) noexcept {
    worker.fork_deque->push_chain_reserved(children().count() - 1, children().siblings());
  }

  /// Somebody sleeps who should be woken, or something waits that goes before this fork.
  WEFT_COLD Transfer fork_noticed(WorkerContext& worker) noexcept {
    Job* const first = job_of(children().first());
    worker.work_added();
    if (!worker.must_give_way()) return transfer_to(join_.parent, first);
    worker.fork_deque->push_chain_reserved(1, [first](std::size_t) { return first; });
    // ---- *this may be gone (L4) ----
    return return_to_loop();
  }

  WEFT_COLD Transfer fork_slow(WorkerContext* worker) {
    Job* const parent = join_.parent;
    if (worker != nullptr) {
      worker->fork_deque->reserve(children().count());
      Job* const first = job_of(children().first());
      push_siblings(*worker);
      notify_work(*worker);
      return transfer_to(parent, first);
    }
    // One more than the children: the parent must not be resumed while this loop still needs them.
    join_.credits.without_chains(1);
    children().for_each([](PromiseBase& child, Job*) { start_child_here(child); });
    return join_.credits.pay(1) ? transfer_to(parent, parent) : return_to_loop();
  }

  Join join_;
};

/// A fixed number of forked tasks.
template <class... Ts>
class ForkedPack : public Fork<ForkedPack<Ts...>> {
 public:
  ForkedPack(bool stops_on_error, Task<Ts>&&... children) noexcept
      : Fork<ForkedPack>(kCount, stops_on_error), children_(std::move(children)...) {}

  static constexpr bool await_ready() noexcept { return kCount == 0; }

  static constexpr std::size_t count() noexcept { return kCount; }
  [[nodiscard]] WEFT_ALWAYS_INLINE std::coroutine_handle<> first() const noexcept { return at(0); }
  [[nodiscard]] WEFT_ALWAYS_INLINE bool has_empty() const noexcept {
    return std::apply([](const Task<Ts>&... child) { return (!child || ...); }, children_);
  }
  template <class Visit>
  WEFT_ALWAYS_INLINE void for_each(Visit visit) const {
    for (std::size_t i = 0; i < kCount; ++i) {
      visit(std::coroutine_handle<PromiseBase>::from_address(at(i).address()).promise(), i + 1 < kCount ? job_of(at(i + 1)) : nullptr);
    }
  }
  [[nodiscard]] WEFT_ALWAYS_INLINE auto siblings() const noexcept {
    return [this](std::size_t i) { return job_of(at(i + 1)); };
  }

 protected:
  static constexpr std::size_t kCount = sizeof...(Ts);

  [[nodiscard]] WEFT_ALWAYS_INLINE std::coroutine_handle<> at(std::size_t wanted) const noexcept {
    std::coroutine_handle<> found;
    std::size_t i = 0;
    std::apply([&](const Task<Ts>&... child) { ((i++ == wanted ? static_cast<void>(found = child.handle()) : void()), ...); },
               children_);
    return found;
  }

  std::tuple<Task<Ts>...> children_;
};

/// Any number of forked tasks of one type, which lie in a `Tasks`: a std::vector, or a std::span of tasks that the caller keeps.
template <class T, class Tasks>
class ForkedRange : public Fork<ForkedRange<T, Tasks>> {
 public:
  ForkedRange(bool stops_on_error, Tasks&& children) noexcept
      : Fork<ForkedRange>(children.size(), stops_on_error), children_(std::move(children)) {}

  [[nodiscard]] bool await_ready() const noexcept { return children_.empty(); }

  [[nodiscard]] std::size_t count() const noexcept { return children_.size(); }
  [[nodiscard]] std::coroutine_handle<> first() const noexcept { return children_[0].handle(); }
  [[nodiscard]] bool has_empty() const noexcept {
    return std::any_of(children_.begin(), children_.end(), [](const Task<T>& child) { return !child; });
  }
  template <class Visit>
  WEFT_ALWAYS_INLINE void for_each(Visit visit) const {
    for (std::size_t i = 0, end = count(); i < end; ++i) {
      visit(children_[i].handle().promise(), i + 1 < end ? job_of(children_[i + 1].handle()) : nullptr);
    }
  }
  [[nodiscard]] WEFT_ALWAYS_INLINE auto siblings() const noexcept {
    return [this](std::size_t i) { return job_of(children_[i + 1].handle()); };
  }

 protected:
  Tasks children_;
};

/// Forked tasks of one type in a TaskList that the caller keeps.
template <class T>
class ForkedList : public Fork<ForkedList<T>> {
 public:
  ForkedList(bool stops_on_error, TaskList<T>& children) noexcept
      : Fork<ForkedList>(children.size(), stops_on_error), children_(children), count_(children.size()) {}

  [[nodiscard]] bool await_ready() const {
    if (children_.size() != count_) [[unlikely]] throw_list_changed();
    return count_ == 0;
  }

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::coroutine_handle<> first() const noexcept { return children_.first(); }
  static constexpr bool has_empty() noexcept { return false; }
  template <class Visit>
  WEFT_ALWAYS_INLINE void for_each(Visit visit) const {
    for (auto child = children_.first(); child;) {
      const auto next = TaskList<T>::after(child);
      visit(child.promise(), next ? job_of(next) : nullptr);
      child = next;
    }
  }
  [[nodiscard]] WEFT_ALWAYS_INLINE auto siblings() const noexcept {
    return [child = children_.first()](std::size_t) mutable {
      child = TaskList<T>::after(child);
      return job_of(child);
    };
  }

 protected:
  TaskList<T>& children_;
  const std::size_t count_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

}  // namespace weft::inline v0
