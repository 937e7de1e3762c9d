/// @file
/// FileReader: a file from its beginning to its end, read ahead.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <exception>
#include <span>
#include <string>
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
#include <weft/io/read_ahead.hpp>
#include <weft/io/wait_for_background.hpp>

namespace weft::inline v0 {
namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Gives the blocks of a file, one after another, while the next ones are read. with_file_reader makes it.
///
/// Threads: one at a time: the body, and what it awaits.
class FileReader {
 public:
  /// The next block: as long as ReaderOptions::block_size, but the last one; of a pipe, what has come. Empty: the end.
  ///
  /// Lifetime: the block is there until the next call.
  /// Errors:   std::system_error, "weft: read of 'path': ...", where the block is that could not be read, after all before it.
  ///           OperationCancelled when whoever waits is asked to stop. After an error the same comes again.
  /// Cost:     one coroutine frame, and a copy by the kernel; no memory.
  [[nodiscard]] Task<std::span<const std::byte>> next() {
    if (!rest_.empty()) co_return std::exchange(rest_, {});
    if (!ahead_.begin_more()) co_return std::span<const std::byte>();
    try {
      bool is_whole = false;
      while (!is_whole) {
        if (!ahead_.first_ended().is_complete()) co_await detail::wait_for_background(ahead_, ahead_.first_ended());
        is_whole = ahead_.settle_first();
      }
    } catch (...) {
      ahead_.fail(std::current_exception());
      throw;
    }
    co_return ahead_.hand_out();
  }

  /// The same for a BufferedReader, which gives lines: copies what there is of a block, which next() gives the rest of. 0: the end. Errors: of next().
  [[nodiscard]] Task<std::size_t> read(std::span<std::byte> to) {
    if (rest_.empty() && !to.empty()) rest_ = co_await next();
    const std::size_t size = std::min(to.size(), rest_.size());
    std::copy_n(rest_.begin(), size, to.begin());
    rest_ = rest_.subspan(size);
    co_return size;
  }
  [[nodiscard]] std::string describe() const { return ahead_.file().describe(); }

  /// For with_file_reader.
  explicit FileReader(detail::ReadAhead& ahead) noexcept : ahead_(ahead) {}

 private:
  detail::ReadAhead& ahead_;
  std::span<const std::byte> rest_;
};

/// A callable that takes a FileReader and returns a Task.
template <class Body>
concept ReadsFile = std::invocable<Body&, FileReader&> && IsTask<std::invoke_result_t<Body&, FileReader&>>;

/// Runs `body(reader)`, which reads a file block by block, ahead of what it asks for, and returns what it returns.
///
/// `co_await io::with_file_reader(file, {}, [&](io::FileReader& reader) -> Task<> { ... })`. Nothing is being read any more when it has ended,
/// whatever has left the body: what has been begun is stopped and waited for.
///
/// Threads:  a coroutine on a worker of a runtime, or inside sync_wait; on a fiber, this_fiber::await(...).
/// Lifetime: the body may refer to the caller's locals; the closure is kept until the end.
/// Errors:   what the body throws; std::bad_alloc.
/// Cost:     depth + 1 blocks of memory, and two coroutine frames beside the body's. Where a read ends before it goes on, as all do with epoll, one
///           block is read at a time: reading ahead is the kernel's then.
/// Example:  samples/file_tree_hash
template <ReadsFile Body>
[[nodiscard("co_await it")]] std::invoke_result_t<Body&, FileReader&> with_file_reader(const File& file, ReaderOptions options, Body body) {
  using T = typename std::invoke_result_t<Body&, FileReader&>::value_type;
  detail::ReadAhead ahead(file, options, co_await detail::CurrentScope{});
  FileReader reader(ahead);
  detail::Settled<T> running(invoke_task([&body, &reader] { return body(reader); }));
  Outcome<T> outcome = co_await running;
  // Nothing here can fail for want of memory, so everything has ended when the blocks go.
  ahead.request_stop();
  for (detail::BackgroundCall* call = ahead.unfinished(); call != nullptr; call = ahead.unfinished()) {
    Counter& ended = call->ended();
    co_await ended;
    static_cast<void>(call->take());
  }
  co_return std::move(outcome).get();
}

/// The same for a file that it opens, and closes at the end. Errors: of opening and closing too.
template <ReadsFile Body>
[[nodiscard("co_await it")]] std::invoke_result_t<Body&, FileReader&> with_file_reader(std::string path, ReaderOptions options, Body body) {
  using T = typename std::invoke_result_t<Body&, FileReader&>::value_type;
  File file = co_await File::open(std::move(path));
  detail::Settled<T> running(with_file_reader(file, options, std::move(body)));
  Outcome<T> outcome = co_await running;
  if (outcome.has_value()) co_await file.close();
  co_return std::move(outcome).get();
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
