/// @file
/// Forks: several tasks started at once, whose parent goes on when all have ended. What when_all is made of.
#pragma once

#include <algorithm>
#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

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
///   have_run(): whether they have been started before; where that does not leave them empty
///   for_each(visit): visit(promise, job of the next one or null) for each, in order
///   destroy_children(): unless the caller keeps them
///   kOnError: what a failed child does to the others
///   siblings(): something that returns the job of the i-th after the first when it is asked for 0, 1, ..., in this order
/// Cold functions get the first child and find the fork through it: see promise_of().
template <class Children>
class Fork : protected Join {
 public:
  Fork(const Fork&) = delete;
  Fork& operator=(const Fork&) = delete;

  template <class Promise>
  WEFT_ALWAYS_INLINE Transfer await_suspend(std::coroutine_handle<Promise> awaiting) {
    const std::size_t count = children().count();
    if (children().has_empty()) [[unlikely]] throw_empty_task();
    if (children().have_run()) [[unlikely]] throw_fork_awaited_twice();
    parent = job_of(awaiting);
    scope.put_into(PromiseBase::scope_of(awaiting), Children::kOnError);
    children().for_each([this](PromiseBase& child, Job* sibling) { child.as_child(*this, sibling); });
    if (count > 1) {
      WorkerContext* const worker = current_worker();
      // Everything unusual in one call that ends this function, so that nothing has to be kept in registers across it.
      if (worker == nullptr || !worker->fork_deque->has_room(count)) [[unlikely]] return fork_slow(job_of(children().first()), worker);
      push_siblings(*worker);
      light_fence();
      // relaxed: as in notify_work().
      if (worker->wake_hint->load(relaxed) != 0) [[unlikely]] return fork_noticed(job_of(children().first()), *worker);
    }
    // ---- other workers may run the siblings from here; the parent resumes after the last (L4) ----
    return transfer_to(job_of(awaiting), job_of(children().first()));
  }

 protected:
  explicit Fork(std::size_t count) noexcept : Join(static_cast<std::uint32_t>(count)) {}
  WEFT_ALWAYS_INLINE ~Fork() = default;

  /// Destroys the children at the end of the block that takes their results out, also when that throws: nobody may run them again.
  struct Taker {
    explicit Taker(Children& all) noexcept : children(all) {}
    Taker(const Taker&) = delete;
    Taker& operator=(const Taker&) = delete;
    WEFT_ALWAYS_INLINE ~Taker() { children.destroy_children(); }
    Children& children;
  };

  [[nodiscard]] bool have_values() const noexcept {
    bool all = true;
    children().for_each([&all](const PromiseBase& child, Job*) { all = all && child.has_value(); });
    return all;
  }

  [[noreturn]] WEFT_COLD static void throw_first(std::coroutine_handle<> first) {
    FirstError error;
    auto& children = static_cast<Children&>(fork_of(job_of(first)));
    children.for_each([&error](PromiseBase& child, Job*) { error.consider(child); });
    children.destroy_children();
    error.rethrow();
  }

 private:
  [[nodiscard]] WEFT_ALWAYS_INLINE const Children& children() const noexcept { return static_cast<const Children&>(*this); }

  [[nodiscard]] static Fork& fork_of(Job* child) noexcept { return static_cast<Fork&>(promise_of(child).join()); }

  WEFT_ALWAYS_INLINE void push_siblings(WorkerContext& worker) noexcept {
    worker.fork_deque->push_chain_reserved(children().count() - 1, children().siblings());
  }

  /// Somebody sleeps who should be woken, or something waits that goes before this fork.
  WEFT_COLD static Transfer fork_noticed(Job* first, WorkerContext& worker) noexcept {
    Job* const forker = fork_of(first).parent;
    worker.work_added();
    if (!worker.must_give_way()) return transfer_to(forker, first);
    worker.fork_deque->push_chain_reserved(1, [first](std::size_t) { return first; });
    // ---- the fork may be gone (L4) ----
    notify_work(worker);
    return return_to_loop();
  }

  WEFT_COLD static Transfer fork_slow(Job* first, WorkerContext* worker) {
    Fork& fork = fork_of(first);
    Job* const forker = fork.parent;
    if (worker != nullptr) {
      worker->fork_deque->reserve(fork.children().count());
      fork.push_siblings(*worker);
      notify_work(*worker);
      return transfer_to(forker, first);
    }
    // One more than the children: the parent must not be resumed while this loop still needs them.
    fork.credits.without_chains(1);
    fork.children().for_each([](PromiseBase& child, Job*) { start_child_here(child); });
    return fork.credits.pay(1) ? transfer_to(forker, forker) : return_to_loop();
  }
};

/// A fixed number of forked tasks.
template <StopScope::OnError kDoes, class... Ts>
class ForkedPack : public Fork<ForkedPack<kDoes, Ts...>> {
 public:
  static constexpr StopScope::OnError kOnError = kDoes;

  explicit ForkedPack(Task<Ts>&&... children) noexcept : Fork<ForkedPack>(kCount), children_{children.release()...} {}
  ForkedPack(const ForkedPack&) = delete;
  ForkedPack& operator=(const ForkedPack&) = delete;
  WEFT_ALWAYS_INLINE ~ForkedPack() {
    bool is_left = false;
    for (const std::coroutine_handle<> child : children_) {
      if (!child) continue;
      is_left = true;
      destroy_unawaited(child);
    }
    if (is_left) std::destroy_at(&this->scope);
  }

  static constexpr bool await_ready() noexcept { return kCount == 0; }

  static constexpr std::size_t count() noexcept { return kCount; }
  [[nodiscard]] WEFT_ALWAYS_INLINE std::coroutine_handle<> first() const noexcept { return children_[0]; }
  [[nodiscard]] WEFT_ALWAYS_INLINE bool has_empty() const noexcept {
    bool has_empty = false;
    for (const std::coroutine_handle<> child : children_) has_empty = has_empty || !child;
    return has_empty;
  }
  static constexpr bool have_run() noexcept { return false; }
  template <class Visit>
  WEFT_ALWAYS_INLINE void for_each(Visit visit) const {
    for (std::size_t i = 0; i < kCount; ++i) {
      visit(promise_of(job_of(children_[i])), i + 1 < kCount ? job_of(children_[i + 1]) : nullptr);
    }
  }
  [[nodiscard]] WEFT_ALWAYS_INLINE auto siblings() const noexcept {
    return [this](std::size_t i) { return job_of(children_[i + 1]); };
  }

  /// Does what the destructor does. What is written last, so that the destructor finds nothing to do, need then not be written at all.
  WEFT_ALWAYS_INLINE void destroy_children() noexcept {
    for (const std::coroutine_handle<> child : children_) child.destroy();
    std::destroy_at(&this->scope);
    children_.fill(nullptr);
  }

 protected:
  static constexpr std::size_t kCount = sizeof...(Ts);

  /// The promise of the I-th child.
  template <std::size_t I>
  [[nodiscard]] WEFT_ALWAYS_INLINE auto& promise() const noexcept {
    using Child = Task<std::tuple_element_t<I, std::tuple<Ts...>>>;
    return Child::Handle::from_address(children_[I].address()).promise();
  }

  std::array<std::coroutine_handle<>, kCount> children_;
};

/// Any number of forked tasks of one type, which lie in a `Tasks`: a std::vector, or a std::span of tasks that the caller keeps.
template <StopScope::OnError kDoes, class T, class Tasks>
class ForkedRange : public Fork<ForkedRange<kDoes, T, Tasks>> {
 public:
  static constexpr StopScope::OnError kOnError = kDoes;

  explicit ForkedRange(Tasks&& children) noexcept : Fork<ForkedRange>(children.size()), children_(std::move(children)) {}
  ForkedRange(const ForkedRange&) = delete;
  ForkedRange& operator=(const ForkedRange&) = delete;
  ~ForkedRange() {
    destroy_children();  // before the scope that they are in
    std::destroy_at(&this->scope);
  }

  [[nodiscard]] bool await_ready() const noexcept { return children_.empty(); }

  [[nodiscard]] std::size_t count() const noexcept { return children_.size(); }
  [[nodiscard]] std::coroutine_handle<> first() const noexcept { return children_[0].handle(); }
  [[nodiscard]] bool has_empty() const noexcept {
    return std::any_of(children_.begin(), children_.end(), [](const Task<T>& child) { return !child; });
  }
  [[nodiscard]] bool have_run() const noexcept {
    if constexpr (kOwns) return false;
    return std::any_of(children_.begin(), children_.end(), [](const Task<T>& child) { return child.handle().done(); });
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
  void destroy_children() noexcept {
    if constexpr (kOwns) {
      for (Task<T>& child : children_) child.reset();
    }
  }

 protected:
  static constexpr bool kOwns = std::is_same_v<Tasks, std::vector<Task<T>>>;

  Tasks children_;
};

/// Forked tasks of one type in a TaskList that the caller keeps.
template <class T>
class ForkedList : public Fork<ForkedList<T>> {
 public:
  static constexpr StopScope::OnError kOnError = StopScope::OnError::StopOthers;

  explicit ForkedList(TaskList<T>& children) noexcept
      : Fork<ForkedList>(children.size()), children_(children), count_(children.size()) {}
  ForkedList(const ForkedList&) = delete;
  ForkedList& operator=(const ForkedList&) = delete;
  ~ForkedList() { std::destroy_at(&this->scope); }

  [[nodiscard]] bool await_ready() const {
    if (children_.size() != count_) [[unlikely]] throw_list_changed();
    return count_ == 0;
  }

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::coroutine_handle<> first() const noexcept { return children_.first(); }
  static constexpr bool has_empty() noexcept { return false; }
  [[nodiscard]] bool have_run() const noexcept { return first().done(); }
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
  static void destroy_children() noexcept {}

 protected:
  TaskList<T>& children_;
  const std::size_t count_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

}  // namespace weft::inline v0
