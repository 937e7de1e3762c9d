/// @file
/// Operations of the kernel, one after another, that a coroutine waits for as if they were one.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task_promise.hpp>
#include <weft/coro/transfer.hpp>
#include <weft/io/call.hpp>
#include <weft/io/error.hpp>
#include <weft/io/operation.hpp>

namespace weft::inline v0::detail {

/// Begins an operation again and again, until there is nothing left to do: what a loop in a coroutine would do, without its frame and without
/// resuming it each time.
///
/// Lifetime: as IoOperation. One that has not begun may be copied: what refers to the object itself is filled in by next().
class WEFT_API IoSeries {
 public:
  virtual ~IoSeries();
  IoSeries& operator=(const IoSeries&) = delete;

  /// @return  false: it has not suspended; it has ended
  /// Errors:  as IoOperation::begin; OperationCancelled.
  bool begin(Job* waiting, StopScope* scope);

 protected:
  IoSeries() noexcept = default;
  IoSeries(const IoSeries& /*not_begun*/) noexcept {}

  /// Says what is to be done next; the same as before if take() was not called since. False: nothing, or it has failed.
  virtual bool next(IoRequest& request) noexcept = 0;
  /// Takes what an operation has returned; negative: the number of an error, which is the end only if this says so by fail(). Not EINTR, and not EAGAIN
  /// of what waits in the kernel.
  virtual void take(std::int32_t result) noexcept = 0;
  /// The kernel did not wait, where it should have: next() is asked again.
  virtual void take_refusal() noexcept {}
  /// For the text of an error.
  [[nodiscard]] virtual IoSubject subject() const noexcept = 0;

  void fail(std::error_code error) noexcept { error_ = error; }
  void fail(std::int32_t result) noexcept { error_.assign(-result, std::system_category()); }

  /// How it has ended. Errors: OperationCancelled when it was ended by a stop request; what begin() of a later operation has thrown.
  [[nodiscard]] std::error_code end() {
    if (failure_) [[unlikely]] std::rethrow_exception(std::exchange(failure_, nullptr));
    return error_;
  }

 private:
  struct StepJob : Job {
    IoSeries* series = nullptr;
  };

  bool go_on();
  void take_end();
  void step() noexcept;

  std::optional<IoOperation> operation_;
  StepJob step_;
  Job* waiting_ = nullptr;
  StopScope* scope_ = nullptr;
  std::error_code error_;
  std::exception_ptr failure_;
  std::uint32_t awaited_ = 0;  // events of poll(), before next() is asked again; 0: none
};

inline namespace WEFT_TRANSFER_NAMESPACE {

/// What is awaited: a series, which it makes of its arguments, without the words for its end.
template <class Series>
class SeriesAwaiter : public Series {
 public:
  template <class... Args>
  explicit SeriesAwaiter(Args&&... args) : Series(std::forward<Args>(args)...) {}

  static constexpr bool await_ready() noexcept { return false; }
  // Lives in: the awaiting frame (L3). Woken by: the job of the operation that has ended last; exactly once.
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return this->begin(job_of(self), PromiseBase::scope_of(self));
    // ---- *this may be gone if it returned true (L4) ----
  }

 protected:
  template <class T>
  T result() {
    if constexpr (!std::is_void_v<T>) return T(this->take_value());
  }
};

/// As SeriesCall, but errors are returned. A stop request still ends it by OperationCancelled.
template <class Series, class T>
class [[nodiscard("co_await it")]] SeriesCallOrError final : public SeriesAwaiter<Series> {
 public:
  using SeriesAwaiter<Series>::SeriesAwaiter;
  io::IoResult<T> await_resume() {
    if (const std::error_code error = this->end()) return io::IoResult<T>(error);
    if constexpr (std::is_void_v<T>) {
      return io::IoResult<void>();
    } else {
      return io::IoResult<T>(this->template result<T>());
    }
  }
};

/// As IoCall, for a series that gives a T.
///
/// Errors: as IoCall; std::system_error with io::Errc for what no system call says.
template <class Series, class T = void>
class [[nodiscard("co_await it")]] SeriesCall final : public SeriesAwaiter<Series> {
 public:
  using SeriesAwaiter<Series>::SeriesAwaiter;
  T await_resume() {
    if (const std::error_code error = this->end()) [[unlikely]] throw_io_error(error, this->subject());
    return this->template result<T>();
  }
  /// The same, with errors as values: for those that are nothing unusual.
  [[nodiscard]] SeriesCallOrError<Series, T> or_error() && { return SeriesCallOrError<Series, T>(static_cast<const Series&>(*this)); }
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace weft::inline v0::detail
