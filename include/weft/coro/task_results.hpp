/// @file
/// TaskResults: the results of tasks that the caller keeps.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include <weft/coro/task.hpp>
#include <weft/coro/task_list.hpp>

namespace weft::inline v0 {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// The results of tasks that have ended, in order; refers to the tasks and owns nothing.
///
/// Threads:  one at a time.
/// Lifetime: the tasks outlive it, and stay where they are.
template <class T>
class TaskResults {
 public:
  using value_type = std::remove_cvref_t<T>;
  using reference = std::remove_reference_t<T>&;

  /// An input iterator over the results.
  class iterator {
   public:
    using value_type = TaskResults::value_type;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    explicit iterator(const Task<T>* at) noexcept : at_(at) {}
    reference operator*() const noexcept { return result_of(*at_); }
    iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    iterator operator++(int) noexcept { return iterator(at_++); }
    bool operator==(const iterator&) const noexcept = default;

   private:
    const Task<T>* at_ = nullptr;
  };

  /// Pre: every task has ended with a value.
  explicit TaskResults(std::span<Task<T>> tasks) noexcept : tasks_(tasks) {}

  [[nodiscard]] std::size_t size() const noexcept { return tasks_.size(); }
  [[nodiscard]] bool empty() const noexcept { return tasks_.empty(); }
  [[nodiscard]] reference operator[](std::size_t i) const noexcept { return result_of(tasks_[i]); }
  [[nodiscard]] iterator begin() const noexcept { return iterator(tasks_.data()); }
  [[nodiscard]] iterator end() const noexcept { return iterator(tasks_.data() + tasks_.size()); }

 private:
  static reference result_of(const Task<T>& task) noexcept { return task.handle().promise().result(); }

  std::span<Task<T>> tasks_;
};

/// The results of tasks in a list that have ended, in order; refers to the tasks and owns nothing.
///
/// Threads:  one at a time.
/// Lifetime: the list outlives it, and is not moved.
template <class T>
class ListResults {
 public:
  using value_type = std::remove_cvref_t<T>;
  using reference = std::remove_reference_t<T>&;

  /// An input iterator over the results.
  class iterator {
   public:
    using value_type = ListResults::value_type;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    explicit iterator(typename TaskList<T>::Handle at) noexcept : at_(at) {}
    reference operator*() const noexcept { return at_.promise().result(); }
    iterator& operator++() noexcept {
      at_ = TaskList<T>::after(at_);
      return *this;
    }
    iterator operator++(int) noexcept {
      const iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const iterator&) const noexcept = default;

   private:
    typename TaskList<T>::Handle at_;
  };

  /// Pre: every task has ended with a value.
  explicit ListResults(const TaskList<T>& tasks) noexcept : tasks_(&tasks) {}

  [[nodiscard]] std::size_t size() const noexcept { return tasks_->size(); }
  [[nodiscard]] bool empty() const noexcept { return tasks_->empty(); }
  [[nodiscard]] iterator begin() const noexcept { return iterator(tasks_->first()); }
  [[nodiscard]] iterator end() const noexcept { return iterator(); }

 private:
  const TaskList<T>* tasks_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
