/// @file
/// One operation of the kernel that a coroutine waits for.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <stop_token>

#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>
#include <weft/base/waiter.hpp>
#include <weft/coro/stop_scope.hpp>
#include <weft/coro/task_promise.hpp>
#include <weft/coro/transfer.hpp>
#include <weft/io/request.hpp>
#include <weft/io/stop_handshake.hpp>

namespace weft::inline v0 {

struct WorkerContext;

namespace detail {

class IoDriver;

/// The part of an operation that does not depend on what it is. Protocol and proof: lib/io/README.md, "an operation".
///
/// Lifetime: in the frame of whoever waits, until the kernel has said that it has ended, and nobody else refers to it.
class IoOperation : public IoRequest {
 public:
  explicit IoOperation(const IoRequest& request) noexcept : IoRequest(request) {}
  /// Only what is to be done.
  IoOperation(const IoOperation& not_begun) noexcept : IoRequest(not_begun) {}
  IoOperation& operator=(const IoOperation&) = delete;
  ~IoOperation() {
    if (is_begun_) [[unlikely]] refuse_to_die();
  }

  /// What whoever begins it does until it has ended.
  enum class Meanwhile : bool { Waits, GoesOn };

  /// @return  false: it has not suspended; it has ended
  /// Errors:  UsageError on a thread that is no worker, std::bad_alloc, std::system_error if there can be no driver.
  WEFT_API bool begin(Job* waiting, StopScope* scope, Meanwhile meanwhile = Meanwhile::Waits);

  /// What the call has returned; negative: the number of an error. Errors: OperationCancelled when it was ended by a stop request.
  [[nodiscard]] WEFT_API std::int32_t end();

 private:
  friend class IoDriver;

  struct OnStop {
    WEFT_API void operator()() const noexcept;
    IoOperation* operation;
  };
  /// The job by which another worker begins it.
  struct Elsewhere : Job {
    IoOperation* operation;
    JobLink link;
  };

  [[noreturn]] WEFT_COLD WEFT_API static void refuse_to_die() noexcept;
  void begin_elsewhere(WorkerContext& worker) noexcept;
  void drop_callback() noexcept {
    if (has_callback_) std::destroy_at(&on_stop_);
    has_callback_ = false;
  }

  std::int32_t result_ = 0;
  bool is_begun_ = false;
  bool has_callback_ = false;
  bool is_queued_ = false;  // by the driver's owner: it waits there for room in the ring
  StopHandshake stop_;  // if it has a callback
  IoOperation* next_ = nullptr;         // in the driver's lists
  IoOperation* next_to_stop_ = nullptr;  // in the list of those whose stop was asked for
  IoDriver* driver_ = nullptr;
  StopScope* scope_ = nullptr;
  CoroutineWaiter waiter_;
  // ---- seldom used: not initialised ----
  union {
    Elsewhere elsewhere_;
  };
  union {
    std::stop_callback<OnStop> on_stop_;
  };
};

}  // namespace detail
}  // namespace weft::inline v0
