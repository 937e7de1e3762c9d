// Operations by io_uring. Page: README.md beside this file.
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "io/driver.hpp"
#include "io/uring_request.hpp"
#include "io/uring_ring.hpp"

namespace weft::inline v0::detail {

namespace {

class UringDriver final : public IoDriver {
 public:
  ~UringDriver() override {
    if (wake_file_ >= 0) ::close(wake_file_);
  }

  [[nodiscard]] int set_up() noexcept {
    if (const int error = ring_.set_up()) return error;
    if (ring_.send_wake(kWakeUp)) return 0;
    // A kernel before 6.13: who wakes the owner writes into a file that the ring reads.
    wake_file_ = ::eventfd(0, EFD_CLOEXEC);
    return wake_file_ >= 0 ? 0 : errno;
  }

  bool start(IoOperation& operation) noexcept override {
    count_started();
    // Behind those that wait already.
    if (first_queued_ != nullptr || !try_start(operation)) queue(operation);
    return true;
  }

  [[nodiscard]] IoBackend backend() const noexcept override { return IoBackend::Uring; }

  bool poll() noexcept override {
    const bool is_any = look_for_stops();
    if (ring_.must_enter()) submit();
    return reap() || is_any;
  }

  void wait(TimeNs until) noexcept override {
    if (is_stop_asked() || first_queued_ != nullptr || ring_.has_completions()) return;
    if (wake_file_ >= 0 && !is_wake_read_ && !read_wake()) return;
    ring_.submit_and_wait(until);
  }

  [[nodiscard]] bool wants_owner() const noexcept override { return is_stop_asked() || ring_.must_enter(); }
  void interrupt() noexcept override {}
  bool poll_for_owner() noexcept override { return reap(); }

 private:
  // What is in user_data beside addresses of operations.
  static constexpr std::uint64_t kNobody = 0;
  static constexpr std::uint64_t kWakeUp = 1;

  void wake_owner() noexcept override {
    if (wake_file_ < 0) {
      while (!ring_.send_wake(kWakeUp)) {}  // no memory for a moment
      return;
    }
    constexpr std::uint64_t kOne = 1;
    static_cast<void>(::write(wake_file_, &kOne, sizeof kOne));
  }

  /// False: there is no room, not even after a submit.
  bool read_wake() noexcept {
    io_uring_sqe* const request = next_request();
    if (request == nullptr) return false;
    request->opcode = IORING_OP_READ;
    request->fd = wake_file_;
    request->addr = reinterpret_cast<std::uintptr_t>(&wakes_);
    request->len = sizeof wakes_;
    request->user_data = kWakeUp;
    is_wake_read_ = true;
    return true;
  }

  io_uring_sqe* next_request() noexcept {
    io_uring_sqe* request = ring_.next_request();
    if (request != nullptr) [[likely]] return request;
    ring_.submit();
    return ring_.next_request();
  }

  bool try_start(IoOperation& operation) noexcept {
    io_uring_sqe* const request = next_request();
    if (request == nullptr) return false;
    fill_in(*request, operation);
    request->user_data = reinterpret_cast<std::uintptr_t>(&operation);
    return true;
  }

  void queue(IoOperation& operation) noexcept {
    set_queued(operation, true);
    next_of(operation) = nullptr;
    (last_queued_ != nullptr ? next_of(*last_queued_) : first_queued_) = &operation;
    last_queued_ = &operation;
  }

  void submit() noexcept {
    ring_.submit();
    while (first_queued_ != nullptr && try_start(*first_queued_)) {
      set_queued(*first_queued_, false);
      first_queued_ = next_of(*first_queued_);
      if (first_queued_ == nullptr) last_queued_ = nullptr;
    }
  }

  bool look_for_stops() noexcept {
    const bool is_any = take_stop_requests([this](IoOperation& operation) { end(operation); });
    if (take_stop_all()) end_all();
    return is_any;
  }

  void end(IoOperation& operation) noexcept {
    if (is_queued(operation)) return end_queued(&operation);
    io_uring_sqe* const request = next_request_for_sure();
    request->opcode = IORING_OP_ASYNC_CANCEL;
    request->fd = -1;
    request->addr = reinterpret_cast<std::uintptr_t>(&operation);
    request->flags = IOSQE_CQE_SKIP_SUCCESS;
    request->user_data = kNobody;
  }

  void end_all() noexcept {
    end_queued(nullptr);
    io_uring_sqe* const request = next_request_for_sure();
    request->opcode = IORING_OP_ASYNC_CANCEL;
    request->fd = -1;
    request->cancel_flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
    request->flags = IOSQE_CQE_SKIP_SUCCESS;
    request->user_data = kNobody;
  }

  /// One of those that wait for room, or all.
  void end_queued(const IoOperation* only) noexcept {
    Landed landed;
    int count = 0;
    IoOperation* rest = std::exchange(first_queued_, nullptr);
    last_queued_ = nullptr;
    while (rest != nullptr) {
      IoOperation& operation = *rest;
      rest = next_of(operation);
      if (only != nullptr && only != &operation) {
        queue(operation);
        continue;
      }
      set_queued(operation, false);
      landed.push(operation, -ECANCELED);
      ++count;
    }
    count_started(-count);
    landed.wake();
  }

  /// The kernel takes requests again when completions have been taken out and memory is there, so this does not last.
  io_uring_sqe* next_request_for_sure() noexcept {
    for (;;) {
      if (io_uring_sqe* const request = next_request()) return request;
      reap();
    }
  }

  bool reap() noexcept {
    if (!ring_.has_completions()) return false;
    // [uring.reap] acquire: what the last one who has taken completions has written; partner: the store below. Who comes second leaves it to the first.
    if (is_reaped_.exchange(true, acquire)) return false;
    Landed landed;
    std::uint32_t count = 0;
    ring_.take_completions([&](std::uint64_t user_data, std::int32_t result, std::uint32_t /*flags*/) {
      if (user_data == kNobody) return;
      if (user_data == kWakeUp) {
        is_wake_read_ = false;
        return;
      }
      landed.push(*reinterpret_cast<IoOperation*>(static_cast<std::uintptr_t>(user_data)), result);
      ++count;
    });
    count_landed(count);
    // [uring.reap] release: pairs with the exchange above.
    is_reaped_.store(false, release);
    if (landed.is_empty()) return false;
    landed.wake();
    return true;
  }

  UringRing ring_;
  // ---- by the owner ----
  IoOperation* first_queued_ = nullptr;  // they wait for room
  IoOperation* last_queued_ = nullptr;
  std::uint64_t wakes_ = 0;  // written by the kernel
  int wake_file_ = -1;
  // ---- by whoever takes completions, and the owner while it sleeps ----
  Atomic<bool> is_wake_read_{false};
  Atomic<bool> is_reaped_{false};
};

}  // namespace

std::unique_ptr<IoDriver> make_uring_driver(int& error) noexcept {
  std::unique_ptr<UringDriver> driver(new (std::nothrow) UringDriver);
  error = driver == nullptr ? ENOMEM : driver->set_up();
  if (error != 0) return nullptr;
  return driver;
}

}  // namespace weft::inline v0::detail
