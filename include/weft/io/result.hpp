/// @file
/// or_error: the error of a task that does operations, as a value.
#pragma once

#include <system_error>
#include <type_traits>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/coro/task.hpp>
#include <weft/io/call.hpp>

namespace weft::inline v0 {
namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// What `.or_error()` is for one operation, for those that are tasks: `co_await io::or_error(reader.read_line(100))` gives an IoResult instead of
/// throwing std::system_error. Of an error only the code is left, not what was done to what.
///
/// Errors: what else the task throws, OperationCancelled among them; std::bad_alloc.
/// Cost:   a coroutine frame; and an error has been thrown all the same, inside.
template <class T>
[[nodiscard("co_await it")]] Task<IoResult<T>> or_error(Task<T> task) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      co_return IoResult<T>();
    } else {
      co_return IoResult<T>(co_await std::move(task));
    }
  } catch (const std::system_error& error) {
    co_return IoResult<T>(error.code());
  }
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
