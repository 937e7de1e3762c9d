/// @file
/// as_task: anything that can be awaited as a task.
#pragma once

#include <utility>

#include <weft/base/platform.hpp>
#include <weft/coro/awaitable.hpp>
#include <weft/coro/task.hpp>

namespace weft::inline v0 {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Makes a task of what else can be awaited and moved: `spawn(as_task(stream.write_all(bytes)))`, or in a vector for when_any. The functions timeout,
/// completed_within, when_all and when_any do so by themselves.
///
/// Lifetime: what the operation refers to, its buffer for example, stays until the task has ended.
/// Errors:   std::bad_alloc; of the task: what awaiting it throws.
/// Cost:     a coroutine frame.
template <detail::Operation T>
[[nodiscard("co_await it")]] Task<typename detail::AwaitResult<T>::Type> as_task(T operation) {
  co_return co_await std::move(operation);
}

/// A task stays what it is.
template <class T>
[[nodiscard("co_await it")]] Task<T> as_task(Task<T> task) noexcept {
  return task;
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace weft::inline v0
