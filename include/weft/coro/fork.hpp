/// @file
/// Forks: several tasks started at once, whose parent goes on when all have ended. What when_all is made of.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <tuple>
#include <utility>

#include <weft/coro/task.hpp>

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
///   count(), at(i): the tasks.
template <class Children>
class Fork {
 public:
  Fork(const Fork&) = delete;
  Fork& operator=(const Fork&) = delete;

  template <class Promise>
  WEFT_ALWAYS_INLINE Transfer await_suspend(std::coroutine_handle<Promise> parent) {
    const Children& children = static_cast<const Children&>(*this);
    const std::size_t count = children.count();
    for (std::size_t i = 0; i < count; ++i) {
      if (!children.at(i)) [[unlikely]] throw_empty_task();
    }
    if (children.at(0).done()) [[unlikely]] throw_fork_awaited_twice();
    join_.parent = job_of(parent);
    join_.scope.put_into(PromiseBase::scope_of(parent));
    for (std::size_t i = 0; i < count; ++i) {
      children.promise(i).as_child(join_, i + 1 < count ? job_of(children.at(i + 1)) : nullptr);
    }
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
    return transfer_to(job_of(parent), job_of(children.at(0)));
  }

 protected:
  Fork(std::size_t count, bool stops_on_error) noexcept : join_(static_cast<std::uint32_t>(count), stops_on_error) {}
  ~Fork() = default;

  [[nodiscard]] bool have_values() const noexcept {
    const Children& children = static_cast<const Children&>(*this);
    for (std::size_t i = 0; i < children.count(); ++i) {
      if (!children.promise(i).has_value()) return false;
    }
    return true;
  }

  [[noreturn]] WEFT_NOINLINE void throw_first() {
    const Children& children = static_cast<const Children&>(*this);
    FirstError error;
    for (std::size_t i = 0; i < children.count(); ++i) error.consider(children.promise(i));
    error.rethrow();
  }

 private:
  WEFT_ALWAYS_INLINE void push_siblings(WorkerContext& worker) noexcept {
    const Children& children = static_cast<const Children&>(*this);
    worker.fork_deque->push_chain_reserved(children.count() - 1, [&](std::size_t i) { return job_of(children.at(i + 1)); });
  }

  /// Somebody sleeps who should be woken, or something waits that goes before this fork.
  WEFT_COLD Transfer fork_noticed(WorkerContext& worker) noexcept {
    Job* const first = job_of(static_cast<const Children&>(*this).at(0));
    worker.work_added();
    if (!worker.must_give_way()) return transfer_to(join_.parent, first);
    worker.fork_deque->push_chain_reserved(1, [first](std::size_t) { return first; });
    // ---- *this may be gone (L4) ----
    return return_to_loop();
  }

  WEFT_COLD Transfer fork_slow(WorkerContext* worker) {
    const Children& children = static_cast<const Children&>(*this);
    Job* const parent = join_.parent;
    if (worker != nullptr) {
      worker->fork_deque->reserve(children.count());
      push_siblings(*worker);
      notify_work(*worker);
      return transfer_to(parent, job_of(children.at(0)));
    }
    // One more than the children: the parent must not be resumed while this loop still needs them.
    join_.credits.without_chains(1);
    for (std::size_t i = 0, count = children.count(); i < count; ++i) start_child_here(children.promise(i));
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
  [[nodiscard]] WEFT_ALWAYS_INLINE std::coroutine_handle<> at(std::size_t wanted) const noexcept {
    std::coroutine_handle<> found;
    std::size_t i = 0;
    std::apply([&](const Task<Ts>&... child) { ((i++ == wanted ? static_cast<void>(found = child.handle()) : void()), ...); },
               children_);
    return found;
  }
  [[nodiscard]] WEFT_ALWAYS_INLINE PromiseBase& promise(std::size_t wanted) const noexcept {
    return std::coroutine_handle<PromiseBase>::from_address(at(wanted).address()).promise();
  }

 protected:
  static constexpr std::size_t kCount = sizeof...(Ts);

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
  [[nodiscard]] std::coroutine_handle<> at(std::size_t i) const noexcept { return children_[i].handle(); }
  [[nodiscard]] PromiseBase& promise(std::size_t i) const noexcept { return children_[i].handle().promise(); }

 protected:
  Tasks children_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

}  // namespace weft::inline v0
