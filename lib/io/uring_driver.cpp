// Operations by io_uring. Page: README.md beside this file.
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "base/valgrind.hpp"
#include "io/driver.hpp"
#include "io/faults.hpp"
#include "io/perform.hpp"
#include "io/reap_right.hpp"
#include "io/tsan.hpp"
#include "io/uring_buffers.hpp"
#include "io/uring_memory.hpp"
#include "io/uring_request.hpp"
#include "io/uring_ring.hpp"
#include <weft/base/assert.hpp>

namespace weft::inline v0::detail {

namespace {

class UringDriver final : public IoDriver {
 public:
  ~UringDriver() override {
    memory_.reset();  // nobody notifies this driver from here on
    if (wake_file_ >= 0) ::close(wake_file_);
    if (event_file_ >= 0) ::close(event_file_);
  }

  [[nodiscard]] int set_up() noexcept {
    if (is_on_valgrind()) return ENOSYS;  // a thread that sleeps in a ring stops all others there
    IoFaults* const faults = IoFaults::present();
    int error = ENOMEM;
    // From about Linux 6.14 on rings count as locked memory, of which a user may have some megabytes in all (ulimit -l).
    for (unsigned most = kCompletions; error == ENOMEM && most >= kLeastCompletions; most /= 4) {
      const unsigned completions = faults == nullptr ? most : faults->completions(most);
      error = completions != 0 ? ring_.set_up(completions) : ENOMEM;
    }
    if (error != 0) return error;
    if ((faults == nullptr || faults->has_messages()) && ring_.send_wake(kWakeUp)) return 0;
    // A kernel before 6.13: who wakes the owner writes into a file that the ring reads.
    wake_file_ = ::eventfd(0, EFD_CLOEXEC);
    return wake_file_ >= 0 ? 0 : errno;
  }

  bool start(IoOperation& operation, HandOver when) noexcept override {
    if (operation.code == IoCode::Accept && try_accept(operation)) return false;
    Landed landed;
    {
      const Inside inside(is_inside_);
      if (is_refused(operation)) return false;
      begin(operation, when, landed);
    }
    return !landed.wake_unless_only(&operation);
  }

  [[nodiscard]] IoBackend backend() const noexcept override { return IoBackend::Uring; }

  bool poll(Next* next, Before before) noexcept override {
    Landed landed;
    {
      const Inside inside(is_inside_);
      if (event_file_ >= 0) [[unlikely]] forget_events();
      if (memory_ != nullptr) [[unlikely]] memory_->drop_gone();
      look_for_stops();
      if (must_enter(before)) submit();
      collect(landed, Looks::Owner);
    }
    return landed.wake(next);
  }

  void wait(TimeNs until) noexcept override {
    const Inside inside(is_inside_);
    // relaxed: by this thread.
    if (is_stop_asked() || first_queued_ != nullptr || kept_.load(relaxed) != nullptr) return;
    if (memory_ != nullptr && memory_->has_gone()) [[unlikely]] return;
    right_.sleep([this, until] {
      if (!ring_.has_completions() && is_wake_certain()) note_submitted(ring_.submit_and_wait(until));
    });
  }

  // Not the ring's own, which the kernel does not make readable for what it has put off.
  [[nodiscard]] int file() noexcept override {
    if (event_file_ < 0) event_file_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event_file_ < 0 || !ring_.report_to(event_file_)) return -1;
    set_sleeps_elsewhere();
    return event_file_;
  }
  [[nodiscard]] int owner() const noexcept override { return owner_; }
  [[nodiscard]] bool wants_owner() const noexcept override {
    // relaxed: a hint.
    return is_stop_asked() || ring_.has_put_off() || has_unsubmitted_.load(relaxed) || ring_.has_completions();
  }
  void interrupt() noexcept override {
    // The owner was interrupted in the middle of one of these functions, and is about to enter the kernel itself, as a rule.
    // relaxed: by the same thread.
    if (is_inside_.load(relaxed)) return;
    light_fence();
    look_for_stops();
    submit();
  }
  bool poll_for_owner() noexcept override {
    Landed landed;
    collect(landed, Looks::Other);
    return landed.wake();
  }

 private:
  enum class Looks : bool { Owner, Other };

  /// As long as the owner is in a function that interrupt() must not interrupt.
  class Inside {
   public:
    // relaxed: for the owner's own signal handler, to which the fences give the order.
    explicit Inside(Atomic<bool>& flag) noexcept : flag_(flag) {
      flag_.store(true, relaxed);
      light_fence();
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside() {
      light_fence();
      // relaxed: as above.
      flag_.store(false, relaxed);
    }

   private:
    Atomic<bool>& flag_;
  };

  static constexpr unsigned kCompletions = 4096;  // what does not fit the kernel keeps, at a cost
  static constexpr unsigned kLeastCompletions = 256;
  // What is in user_data beside addresses of operations.
  static constexpr std::uint64_t kNobody = 0;
  static constexpr std::uint64_t kWakeUp = 1;
  static constexpr int kNowhere = -1;

  void wake_owner() noexcept override {
    const int file = event_file_ >= 0 ? event_file_ : wake_file_;
    if (file < 0) {
      while (!ring_.send_wake(kWakeUp)) {
        // No memory for a moment; else somebody has closed the ring, or forbidden what worked before, and nobody would ever wake the owner.
        WEFT_CHECK(errno == ENOMEM || errno == EAGAIN || errno == EINTR, "a message to a ring of weft's failed: was its descriptor closed?");
      }
      return;
    }
    constexpr std::uint64_t kOne = 1;
    static_cast<void>(::write(file, &kOne, sizeof kOne));
  }

  void forget_events() const noexcept {
    std::uint64_t count = 0;
    static_cast<void>(::read(event_file_, &count, sizeof count));
  }

  /// Whether a wake-up would become a completion. False: there is no room in the ring to ask for that.
  bool is_wake_certain() noexcept {
    // relaxed: changed by this thread, or by whoever takes completions, which is nobody else now.
    return wake_file_ < 0 || is_wake_read_.load(relaxed) || read_wake();
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
    // relaxed: as in is_wake_certain().
    is_wake_read_.store(true, relaxed);
    return true;
  }

  io_uring_sqe* next_request() noexcept {
    io_uring_sqe* request = ring_.next_request();
    if (request != nullptr) [[likely]] return request;
    note_submitted(ring_.submit());
    return ring_.next_request();
  }

  bool has_room() noexcept {
    if (!ring_.has_room()) note_submitted(ring_.submit());
    return ring_.has_room();
  }

  bool has_buffers() noexcept {
    if (buffers_ == nullptr && !std::exchange(are_buffers_asked_for_, true)) buffers_ = UringBuffers::make(ring_);
    return buffers_ != nullptr;
  }

  [[nodiscard]] static bool is_in_known_memory(const IoOperation& operation) noexcept {
    return (operation.code == IoCode::Read || operation.code == IoCode::Write) && operation.address_2 != nullptr;
  }

  /// Makes the table of registered memory. Not where operations are handed over, which a signal handler does too: this allocates, and takes a lock.
  void make_memory_table() noexcept {
    if (memory_ == nullptr && !std::exchange(is_memory_asked_for_, true)) memory_ = UringMemory::make(ring_, *this);
  }

  /// If it is a transfer of registered memory, and the ring may know that.
  void use_registered(io_uring_sqe& request, const IoOperation& operation) noexcept {
    if (memory_ == nullptr || !is_in_known_memory(operation)) return;
    const auto index = memory_->index_of(*static_cast<const KnownMemory*>(operation.address_2));
    if (!index) return;
    request.opcode = operation.code == IoCode::Read ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED;
    request.buf_index = *index;
  }

  /// Accepts a connection at once if the completion of an accept there has said that more wait (SOCKETS.md, "connections that wait"). True: it has
  /// ended, by a connection or an error.
  bool try_accept(IoOperation& operation) noexcept {
    // relaxed, both: a hint.
    if (more_wait_at_.load(relaxed) != operation.fd) return false;
    const std::int32_t result = perform(operation);
    if (result == -EAGAIN) {
      more_wait_at_.store(kNowhere, relaxed);
      return false;
    }
    set_result(operation, result);
    return true;
  }

  /// Whether it will wait in the kernel, as a rule: for somebody else to send something, or to connect. Not datagrams: of these the kernel does not say
  /// whether there are more.
  [[nodiscard]] bool is_patient(const IoOperation& operation) const noexcept {
    switch (operation.code) {
      case IoCode::Receive:
      case IoCode::ReceiveChosen:
      case IoCode::Accept:
        // relaxed: a hint.
        return more_to_receive_at_.load(relaxed) != operation.fd;
      default: return false;
    }
  }

  /// Whether there is something to hand over now, or something that the kernel has put off. What is alone and patient is handed over by wait(): a call
  /// less for each message of two sides that answer each other.
  [[nodiscard]] bool must_enter(Before before) const noexcept {
    if (first_queued_ != nullptr || ring_.has_put_off()) return true;
    const unsigned count = ring_.unsubmitted();
    return count > 1 || (count == 1 && !(before == Before::Sleep && keeps_back()));
  }

  bool try_start(IoOperation& operation) noexcept {
    io_uring_sqe* const request = next_request();
    if (request == nullptr) return false;
    fill_in(*request, operation);
    use_registered(*request, operation);
    if (IoFaults* const faults = IoFaults::present(); faults != nullptr && is_transfer(operation.code)) [[unlikely]] {
      request->len = faults->shortened(operation);
    }
    request->user_data = reinterpret_cast<std::uintptr_t>(&operation);
    note_handed_over(&operation);  // nothing of it is read here after this
    // relaxed: a hint.
    has_unsubmitted_.store(true, relaxed);
    return true;
  }

  /// What has landed by the time that it returns may have this one in it, or nobody knows how far it is: nothing of it is read here after it was handed
  /// over but what has landed here; and as the owner is here, nothing else can have been begun at its address.
  void begin(IoOperation& operation, HandOver when, Landed& landed) noexcept {
    if (IoFaults* const faults = IoFaults::present(); faults != nullptr) [[unlikely]] {
      if (const auto error = faults->ended(operation)) {
        if (is_over(operation, *error)) keep(operation);
        return;
      }
    }
    if (operation.code == IoCode::ReceiveChosen && !has_buffers()) [[unlikely]] {
      if (is_over(operation, -ENOBUFS)) keep(operation);
      return;
    }
    if (is_in_known_memory(operation)) [[unlikely]] make_memory_table();
    count_started();
    const bool may_go_with_sleep = when == HandOver::Now && is_patient(operation);
    // Behind those that wait already.
    if (first_queued_ != nullptr || !try_start(operation)) return queue(operation);
    if (may_go_with_sleep && ring_.unsubmitted() == 1) return set_keeps_back(true);
    if (when != HandOver::Now) return;
    submit();
    collect(landed, Looks::Owner);
  }

  void queue(IoOperation& operation) noexcept {
    set_queued(operation, true);
    next_of(operation) = nullptr;
    (last_queued_ != nullptr ? next_of(*last_queued_) : first_queued_) = &operation;
    last_queued_ = &operation;
  }

  void submit() noexcept {
    bool is_taken = ring_.submit();
    while (is_taken && first_queued_ != nullptr) {
      while (first_queued_ != nullptr && ring_.has_room()) {
        IoOperation& operation = *first_queued_;
        first_queued_ = next_of(operation);
        if (first_queued_ == nullptr) last_queued_ = nullptr;
        set_queued(operation, false);
        static_cast<void>(try_start(operation));  // there is room
      }
      is_taken = ring_.submit();
    }
    note_submitted(is_taken);
  }

  void note_submitted(bool is_all) noexcept {
    set_keeps_back(false);
    // relaxed: a hint.
    has_unsubmitted_.store(!is_all || first_queued_ != nullptr, relaxed);
  }

  void look_for_stops() noexcept {
    if (!is_stop_asked()) [[likely]] return;
    take_stop_requests([this] { return has_room(); }, [this](IoOperation& operation, bool was_queued) { end(operation, was_queued); },
                       [this](IoOperation& operation) { keep(operation); });
    if (!take_stop_all()) return;
    end_queued(nullptr);
    if (!has_room()) return ask_to_stop_all();
    request_end(0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
  }

  void end(IoOperation& operation, bool was_queued) noexcept {
    if (was_queued) return end_queued(&operation);
    request_end(reinterpret_cast<std::uintptr_t>(&operation), 0);
  }

  /// Pre: has_room().
  void request_end(std::uint64_t of, std::uint32_t flags) noexcept {
    io_uring_sqe* const request = ring_.next_request();
    request->opcode = IORING_OP_ASYNC_CANCEL;
    request->fd = -1;
    request->addr = of;
    request->cancel_flags = flags;
    request->flags = IOSQE_CQE_SKIP_SUCCESS;
    request->user_data = kNobody;
  }

  /// One of those that wait for room, or all.
  void end_queued(const IoOperation* only) noexcept {
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
      count_started(-1);
      if (is_over(operation, -ECANCELED)) keep(operation);
    }
  }

  /// Has whoever takes completions next wake it. In a signal handler nobody is woken.
  void keep(IoOperation& operation) noexcept {
    // relaxed: the exchange below publishes it.
    IoOperation* first = kept_.load(relaxed);
    do {
      next_of(operation) = first;
      // [uring.kept] release: the link and the result; partner: reap(). relaxed: on failure only the value is used.
    } while (!kept_.compare_exchange_weak(first, &operation, release, relaxed));
  }

  /// Finds what has ended. Who comes second leaves it to the first.
  void collect(Landed& landed, Looks who) noexcept {
    // relaxed: asked again.
    if (!ring_.has_completions() && kept_.load(relaxed) == nullptr) return;
    if (!right_.try_take()) return;
    IoFaults* const faults = IoFaults::present();
    // relaxed: as above. [uring.kept] acquire: pairs with keep().
    IoOperation* kept = kept_.load(relaxed) != nullptr ? kept_.exchange(nullptr, acquire) : nullptr;
    while (kept != nullptr) {
      IoOperation* const next = next_of(*kept);
      landed.push_ready(*kept);
      kept = next;
    }
    if (faults == nullptr || !faults->is_late()) [[likely]] take_completions(landed, who);
    right_.give_back();
  }

  /// What the kernel says to itself when a call is interrupted, and lets out where it interrupts one of its own threads.
  [[nodiscard]] static std::int32_t without_restarts(std::int32_t result) noexcept {
    constexpr std::int32_t kFirst = -512;  // ERESTARTSYS
    constexpr std::int32_t kLast = -516;   // ERESTART_RESTARTBLOCK
    return result <= kFirst && result >= kLast ? -EINTR : result;
  }

  /// An accept may have been ended when the kernel had woken it, and nobody else, for a connection (SOCKETS.md, C4).
  [[nodiscard]] static std::int32_t result_of_stopped(IoOperation& operation) noexcept {
    note_landed(&operation);
    const std::int32_t result = operation.code == IoCode::Accept ? perform(operation) : -EAGAIN;
    return result != -EAGAIN ? result : -ECANCELED;
  }

  [[nodiscard]] static bool is_receive(const IoOperation& operation) noexcept {
    return operation.code == IoCode::Receive || operation.code == IoCode::ReceiveChosen;
  }

  /// Of an operation that has ended: whether the socket has more for the next of the kind.
  void note_more(IoOperation& operation, bool is_more) noexcept {
    // relaxed: a hint.
    if (!is_more && more_to_receive_at_.load(relaxed) == kNowhere) [[likely]] return;
    note_landed(&operation);
    // relaxed, all: as above.
    if (is_more) {
      (operation.code == IoCode::Accept ? more_wait_at_ : more_to_receive_at_).store(operation.fd, relaxed);
    } else if (more_to_receive_at_.load(relaxed) == operation.fd && is_receive(operation)) {
      more_to_receive_at_.store(kNowhere, relaxed);
    }
  }

  void take_completions(Landed& landed, Looks who) noexcept {
    std::uint32_t count = 0;
    ring_.take_completions([&](std::uint64_t user_data, std::int32_t result, std::uint32_t flags) {
      if (user_data == kNobody) return;
      if (user_data == kWakeUp) {
        // relaxed: for the owner, when it looks for what has ended.
        is_wake_read_.store(false, relaxed);
        if (who == Looks::Other) right_.note_wake_up();
        return;
      }
      auto& operation = *reinterpret_cast<IoOperation*>(static_cast<std::uintptr_t>(user_data));
      if ((flags & IORING_CQE_F_BUFFER) != 0) {
        note_landed(&operation);
        buffers_->note_used(operation, flags >> IORING_CQE_BUFFER_SHIFT);
      }
      note_more(operation, (flags & IORING_CQE_F_SOCK_NONEMPTY) != 0);
      if (result == -ECANCELED) result = result_of_stopped(operation);
      landed.push(operation, without_restarts(result));
      ++count;
    });
    count_landed(count);
  }

  UringBuffers::Owner buffers_;  // left after the ring
  UringRing ring_;
  // ---- by the owner ----
  std::unique_ptr<UringMemory> memory_;
  bool are_buffers_asked_for_ = false;
  bool is_memory_asked_for_ = false;
  IoOperation* first_queued_ = nullptr;  // they wait for room
  IoOperation* last_queued_ = nullptr;
  std::uint64_t wakes_ = 0;  // written by the kernel
  int wake_file_ = -1;
  int event_file_ = -1;  // see file()
  const int owner_ = static_cast<int>(::syscall(SYS_gettid));
  Atomic<bool> is_inside_{false};
  Atomic<bool> has_unsubmitted_{false};
  Atomic<IoOperation*> kept_{nullptr};  // they have ended, and whoever takes completions next is to wake them
  ReapRight right_;
  Atomic<int> more_wait_at_{kNowhere};  // a listener that had another connection when one was accepted
  Atomic<int> more_to_receive_at_{kNowhere};  // a socket that had more when something was received there
  // ---- by whoever has the right ----
  Atomic<bool> is_wake_read_{false};
};

}  // namespace

std::unique_ptr<IoDriver> make_uring_driver(int& error) noexcept {
  std::unique_ptr<UringDriver> driver(new (std::nothrow) UringDriver);
  error = driver == nullptr ? ENOMEM : driver->set_up();
  if (error != 0) return nullptr;
  return driver;
}

}  // namespace weft::inline v0::detail
