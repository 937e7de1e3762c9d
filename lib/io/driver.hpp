/// @file
/// Whoever has the kernel do operations for one worker: what both kinds have in common.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/poller.hpp"
#include <weft/base/atomic.hpp>
#include <weft/base/cache_line.hpp>
#include <weft/base/io_backend.hpp>
#include <weft/io/operation.hpp>

namespace weft::inline v0::detail {

/// Threads: as Poller.
class IoDriver : public Poller {
 public:
  /// When the kernel gets it.
  enum class HandOver : bool {
    WithOthers,  ///< at the next look, together with what is begun until then
    Now,
  };

  /// Hands an operation to the kernel, or, if it need not wait, does it. By the owner.
  ///
  /// @return  false: it has ended, and nobody else refers to it; true: whoever waits is woken when it has
  virtual bool start(IoOperation& operation, HandOver when) noexcept = 0;

  /// Whether so many operations have ended at once, one after another, or so much was copied by them, that others are to have a turn. By the owner,
  /// after each, which has returned that.
  [[nodiscard]] bool must_give_way(std::int32_t result) noexcept {
    constexpr std::uint32_t kInARow = 32;
    constexpr std::int32_t kBytesAsLong = 16 * 1024;  // to copy takes as long as an operation
    ended_at_once_ += 1 + static_cast<std::uint32_t>(std::max(result, 0) / kBytesAsLong);
    if (ended_at_once_ < kInARow) return false;
    ended_at_once_ = 0;
    return true;
  }
  /// By the owner: the row has ended, by one that does not end at once.
  void note_suspended() noexcept { ended_at_once_ = 0; }

  /// Has the owner end an operation that was started here, if it has not ended. Threads: any.
  void ask_to_stop(IoOperation& operation) noexcept;

  [[nodiscard]] virtual IoBackend backend() const noexcept = 0;

  // Poller
  void begin_sleep() noexcept final { sleep_.begin(); }
  void end_sleep() noexcept final { sleep_.end(); }
  void notify() noexcept final {
    if (sleep_.notify() || sleeps_elsewhere_) wake_owner();
  }
  void cancel_all() noexcept final {
    ask_to_stop_all();
    notify();
  }
  // relaxed, both: a hint.
  [[nodiscard]] bool has_pending() const noexcept final { return started_.load(relaxed) != landed_.load(relaxed); }

 protected:
  /// Operations whose result is there, the last first.
  class Landed {
   public:
    void push(IoOperation& operation, std::int32_t result) noexcept;
    /// One whose result is there, and whose stop nobody asks for any more.
    void push_ready(IoOperation& operation) noexcept;
    /// Wakes those who wait for them, the first to run first, behind those that have landed before; see Poller::poll() for `next`.
    /// False: there are none.
    bool wake(Next* next = nullptr) noexcept;
    /// Wakes them all, unless it is just this one. True: it is.
    bool wake_unless_only(const IoOperation* operation) noexcept {
      if (last_ == operation && operation->next_ == nullptr) return true;
      wake();
      return false;
    }

   private:
    IoOperation* last_ = nullptr;
  };

  [[nodiscard]] bool sleeps_elsewhere() const noexcept { return sleeps_elsewhere_; }
  void set_sleeps_elsewhere() noexcept { sleeps_elsewhere_ = true; }

  /// Ends the wait of an owner that sleeps. Threads: any.
  virtual void wake_owner() noexcept = 0;

  /// By the owner, for each operation that it is to end, of those that the kernel has while `has_room()`: `end(operation, is_queued)` if it has not
  /// ended; else whoever waits for it is to be woken: `is_over(operation)`. If it is not queued, and others take completions, the operation may be gone
  /// as `end` is called: it is known by its address only (H2).
  template <class HasRoom, class End, class IsOver>
  void take_stop_requests(HasRoom has_room, End end, IsOver is_over) noexcept;
  void ask_to_stop_all() noexcept;
  /// By the owner: whether all are to be ended. Once for each request.
  [[nodiscard]] bool take_stop_all() noexcept;
  // relaxed: asked again under the sleep word, or soon.
  [[nodiscard]] bool is_stop_asked() const noexcept { return stop_requests_.load(relaxed) != nullptr || stop_all_.load(relaxed); }

  /// Whether it is not to be started, because a stop was asked for; if not, it is the driver's from here on. Where nobody takes requests for stops
  /// between this and the moment from which the request would find it.
  [[nodiscard]] static bool is_refused(IoOperation& operation) noexcept;
  static void set_result(IoOperation& operation, std::int32_t result) noexcept { operation.result_ = result; }
  /// Notes how it has ended. True: whoever waits is to be woken; else whoever takes the request for its stop does so.
  [[nodiscard]] static bool is_over(IoOperation& operation, std::int32_t result) noexcept;
  [[nodiscard]] static bool is_queued(const IoOperation& operation) noexcept { return operation.is_queued_; }
  static void set_queued(IoOperation& operation, bool is) noexcept { operation.is_queued_ = is; }
  [[nodiscard]] static IoOperation*& next_of(IoOperation& operation) noexcept { return operation.next_; }

  // relaxed, both: counts for has_pending().
  void count_started(int n = 1) noexcept { started_.store(started_.load(relaxed) + static_cast<std::uint32_t>(n), relaxed); }  // by the owner
  void count_landed(std::uint32_t n) noexcept { landed_.store(landed_.load(relaxed) + n, relaxed); }  // by whoever has the completions

 private:
  void push_stop_request(IoOperation& operation) noexcept;

  // ---- set by file(), before others know of the driver ----
  bool sleeps_elsewhere_ = false;
  // ---- by the owner ----
  std::uint32_t ended_at_once_ = 0;
  Atomic<std::uint32_t> started_{0};
  // ---- by any ----
  alignas(kCacheLine) SleepWord sleep_;
  Atomic<IoOperation*> stop_requests_{nullptr};
  Atomic<bool> stop_all_{false};
  Atomic<std::uint32_t> landed_{0};
};

template <class HasRoom, class End, class IsOver>
void IoDriver::take_stop_requests(HasRoom has_room, End end, IsOver is_over) noexcept {
  // [io.stop] acquire: who asked has done so before; partner: push_stop_request().
  IoOperation* operation = stop_requests_.exchange(nullptr, acquire);
  while (operation != nullptr) {
    IoOperation* const next = operation->next_to_stop_;
    const bool was_queued = is_queued(*operation);
    if (!was_queued && !has_room()) {
      push_stop_request(*operation);
    } else if (operation->stop_.take()) {
      end(*operation, was_queued);
    } else {
      is_over(*operation);
      // ---- the operation may be gone (L4) ----
    }
    operation = next;
  }
}

/// Makes the driver for a worker whose thread may own one. Errors: std::system_error if there can be none of that kind; std::bad_alloc.
///
/// @param is_bound_to_thread  false: whoever has the seat uses it, one thread at a time
[[nodiscard]] std::unique_ptr<IoDriver> make_io_driver(IoBackend wish, bool is_bound_to_thread);

/// Errors: std::system_error if the wish cannot be fulfilled on this machine.
void check(IoBackend wish);

/// What a wish comes to on this machine.
[[nodiscard]] IoBackend resolved(IoBackend wish) noexcept;

/// Null: it does not work here, and `error` says why.
[[nodiscard]] std::unique_ptr<IoDriver> make_uring_driver(int& error) noexcept;
/// Errors: std::system_error, std::bad_alloc.
[[nodiscard]] std::unique_ptr<IoDriver> make_epoll_driver();

}  // namespace weft::inline v0::detail
