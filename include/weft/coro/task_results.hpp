/// @file
/// TaskResults and ListResults: the results of tasks that the caller keeps.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include <weft/coro/task.hpp>
#include <weft/coro/task_list.hpp>

namespace weft::inline v0 {

namespace detail {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// How to go from task to task in an array.
template <class T>
struct ArrayCursor {
  const Task<T>* at = nullptr;

  [[nodiscard]] typename Task<T>::Handle handle() const noexcept { return at->handle(); }
  void advance() noexcept { ++at; }
  bool operator==(const ArrayCursor&) const noexcept = default;
};

/// The same in a list.
template <class T>
struct ListCursor {
  typename Task<T>::Handle at;

  [[nodiscard]] typename Task<T>::Handle handle() const noexcept { return at; }
  void advance() noexcept { at = TaskList<T>::after(at); }
  bool operator==(const ListCursor&) const noexcept = default;
};

/// An input iterator over the results of tasks that have ended with a value.
template <class T, class Cursor>
class ResultIterator {
 public:
  using value_type = std::remove_cvref_t<T>;
  using reference = std::remove_reference_t<T>&;
  using difference_type = std::ptrdiff_t;

  ResultIterator() noexcept = default;
  explicit ResultIterator(Cursor cursor) noexcept : cursor_(cursor) {}
  reference operator*() const noexcept { return cursor_.handle().promise().result(); }
  ResultIterator& operator++() noexcept {
    cursor_.advance();
    return *this;
  }
  ResultIterator operator++(int) noexcept {
    const ResultIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const ResultIterator&) const noexcept = default;

 private:
  Cursor cursor_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

inline namespace WEFT_TRANSFER_NAMESPACE {

/// The results of tasks that have ended, in order; refers to the tasks and owns nothing.
///
/// Threads:  one at a time.
/// Lifetime: the tasks outlive it, and stay where they are.
template <class T>
class TaskResults {
 public:
  using iterator = detail::ResultIterator<T, detail::ArrayCursor<T>>;
  using value_type = typename iterator::value_type;
  using reference = typename iterator::reference;

  /// Pre: every task has ended with a value.
  explicit TaskResults(std::span<Task<T>> tasks) noexcept : tasks_(tasks) {}

  [[nodiscard]] std::size_t size() const noexcept { return tasks_.size(); }
  [[nodiscard]] bool empty() const noexcept { return tasks_.empty(); }
  [[nodiscard]] reference operator[](std::size_t i) const noexcept { return tasks_[i].handle().promise().result(); }
  [[nodiscard]] iterator begin() const noexcept { return iterator({tasks_.data()}); }
  [[nodiscard]] iterator end() const noexcept { return iterator({tasks_.data() + tasks_.size()}); }

 private:
  std::span<Task<T>> tasks_;
};

/// The results of tasks in a list that have ended, in order; refers to the list and owns nothing.
///
/// Threads:  one at a time.
/// Lifetime: the list outlives it, and is not moved.
template <class T>
class ListResults {
 public:
  using iterator = detail::ResultIterator<T, detail::ListCursor<T>>;
  using value_type = typename iterator::value_type;
  using reference = typename iterator::reference;

  /// Pre: every task has ended with a value.
  explicit ListResults(const TaskList<T>& tasks) noexcept : tasks_(&tasks) {}

  [[nodiscard]] std::size_t size() const noexcept { return tasks_->size(); }
  [[nodiscard]] bool empty() const noexcept { return tasks_->empty(); }
  [[nodiscard]] iterator begin() const noexcept { return iterator({tasks_->first()}); }
  [[nodiscard]] iterator end() const noexcept { return iterator(); }

 private:
  const TaskList<T>* tasks_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
