/// @file
/// FileWriter: a file from its beginning to its end, written behind.
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/coro/counter.hpp>
#include <weft/coro/invoke_task.hpp>
#include <weft/coro/outcome.hpp>
#include <weft/coro/settled.hpp>
#include <weft/coro/task.hpp>
#include <weft/coro/this_task.hpp>
#include <weft/io/background_call.hpp>
#include <weft/io/file.hpp>
#include <weft/io/wait_for_background.hpp>
#include <weft/io/write_behind.hpp>

namespace weft::inline v0 {
namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Takes bytes for a file and writes them in blocks, while the next ones are taken. with_file_writer makes it.
///
/// Threads: one at a time: the body, and what it awaits.
class FileWriter {
 public:
  /// Takes the bytes, which need not stay. Suspends when all blocks are full.
  ///
  /// Errors: std::system_error, "weft: write of 'path': ...", of any write before; OperationCancelled when whoever waits is asked to stop.
  ///         After an error the same comes again, and nothing more is written.
  /// Cost:   a coroutine frame and a copy.
  [[nodiscard]] Task<> write(std::span<const std::byte> data) {
    for (;;) {
      data = data.subspan(behind_.fill(data));
      if (!behind_.is_full()) break;
      co_await begin();
    }
  }
  [[nodiscard]] Task<> write(std::string_view text) { return write(std::as_bytes(std::span(text))); }

  /// Waits until the kernel has all that was taken. Errors: as write().
  [[nodiscard]] Task<> flush() {
    static_cast<void>(behind_.fill({}));  // for the error
    if (!behind_.is_empty()) co_await begin();
    while (!behind_.is_idle()) co_await settle_first();
  }

  /// For with_file_writer.
  explicit FileWriter(detail::WriteBehind& behind) noexcept : behind_(behind) {}

 private:
  /// Begins to write the block that was filled, and takes note of those that have been written.
  Task<> begin() {
    if (!behind_.may_begin()) co_await settle_first();
    behind_.begin();
    while (!behind_.is_idle() && behind_.first_ended().is_complete()) co_await settle_first();
  }
  Task<> settle_first() {
    try {
      bool is_whole = false;
      while (!is_whole) {
        if (!behind_.first_ended().is_complete()) co_await detail::wait_for_background(behind_, behind_.first_ended());
        is_whole = behind_.settle_first();
      }
    } catch (...) {
      behind_.fail(std::current_exception());
      throw;
    }
  }

  detail::WriteBehind& behind_;
};

/// A callable that takes a FileWriter and returns a Task.
template <class Body>
concept WritesFile = std::invocable<Body&, FileWriter&> && IsTask<std::invoke_result_t<Body&, FileWriter&>>;

/// Runs `body(writer)`, whose bytes are written to a file in the background, and returns what it returns when all are written.
///
/// `co_await io::with_file_writer(file, {}, [&](io::FileWriter& writer) -> Task<> { ... })`. Nothing is being written any more when it has ended,
/// whatever has left the body: an exception of the body stops what goes on, so that a part of what it has given may be missing.
///
/// Threads:  a coroutine on a worker of a runtime, or inside sync_wait; on a fiber, this_fiber::await(...).
/// Lifetime: the body may refer to the caller's locals; the closure is kept until the end.
/// Errors:   what the body throws, or else what a write has ended by, or the sync; std::bad_alloc.
/// Cost:     depth + 1 blocks of memory, and three coroutine frames beside the body's.
template <WritesFile Body>
[[nodiscard("co_await it")]] std::invoke_result_t<Body&, FileWriter&> with_file_writer(const File& file, WriterOptions options, Body body) {
  using T = typename std::invoke_result_t<Body&, FileWriter&>::value_type;
  detail::WriteBehind behind(file, options, co_await detail::CurrentScope{});
  FileWriter writer(behind);
  detail::Settled<T> running(invoke_task([&body, &writer] { return body(writer); }));
  detail::Settled<void> flushing(writer.flush());
  Outcome<T> outcome = co_await running;
  Outcome<void> flushed;
  if (outcome.has_value()) flushed = co_await flushing;
  // Nothing here can fail for want of memory, so everything has ended when the blocks go.
  behind.request_stop();
  for (detail::BackgroundCall* call = behind.unfinished(); call != nullptr; call = behind.unfinished()) {
    Counter& ended = call->ended();
    co_await ended;
    static_cast<void>(call->take());
  }
  if (outcome.has_value()) {
    std::move(flushed).get();
    if (options.sync) co_await file.sync();
  }
  co_return std::move(outcome).get();
}

/// The same for a file that it creates, or empties, and closes at the end; with `sync` its name is on the disk, too. Errors: of that too.
template <WritesFile Body>
[[nodiscard("co_await it")]] std::invoke_result_t<Body&, FileWriter&> with_file_writer(std::string path, WriterOptions options, Body body) {
  using T = typename std::invoke_result_t<Body&, FileWriter&>::value_type;
  File file = co_await File::create(path);
  detail::Settled<T> running(with_file_writer(file, options, std::move(body)));
  Outcome<T> outcome = co_await running;
  if (outcome.has_value()) {
    co_await file.close();
    if (options.sync) co_await detail::sync_name(std::move(path));
  }
  co_return std::move(outcome).get();
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
