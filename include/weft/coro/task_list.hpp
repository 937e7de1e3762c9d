/// @file
/// TaskList: any number of tasks that are to be started together.
#pragma once

#include <cstddef>
#include <utility>

#include <weft/coro/task.hpp>

namespace weft::inline v0 {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Tasks of one type that wait to be started with when_all, in the order in which they were added; afterwards they keep their results.
///
/// Pre:      a list is awaited once, as its tasks are.
/// Threads:  one at a time.
/// Lifetime: owns the tasks. It is not moved while they run.
/// Cost:     24 bytes and no allocation, however many tasks: they are linked through their frames.
/// Example:  samples/02_fork_join.cpp
template <class T = void>
class TaskList {
 public:
  using Handle = typename Task<T>::Handle;

  TaskList() noexcept = default;
  TaskList(TaskList&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), last_(std::exchange(other.last_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  TaskList& operator=(TaskList&& other) noexcept {
    TaskList moved(std::move(other));
    std::swap(first_, moved.first_);
    std::swap(last_, moved.last_);
    std::swap(size_, moved.size_);
    return *this;
  }
  ~TaskList() {
    for (Handle task = first_; task;) std::exchange(task, after(task)).destroy();
  }

  /// Adds a task that has not been started. Errors: UsageError for an empty one.
  void add(Task<T>&& task) {
    if (!task) [[unlikely]] detail::throw_empty_task();
    const Handle added = task.release();
    added.promise().set_next_in_list(nullptr);
    if (last_) {
      last_.promise().set_next_in_list(job_of(added));
    } else {
      first_ = added;
    }
    last_ = added;
    ++size_;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// The first task, or null; still owned by the list. For code that drives tasks itself.
  [[nodiscard]] Handle first() const noexcept { return first_; }
  /// The task after `task`, or null.
  [[nodiscard]] static Handle after(Handle task) noexcept { return Handle::from_address(task.promise().next_in_list()); }

 private:
  Handle first_;
  Handle last_;
  std::size_t size_ = 0;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace weft::inline v0
