#include "io/uring_ring.hpp"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "io/faults.hpp"
#include "io/uring_request.hpp"
#include <weft/base/assert.hpp>

namespace weft::inline v0::detail {

namespace {

constexpr unsigned kRequests = 256;

// What liburing 2.3 does not name.
constexpr unsigned kRegisterSendMessage = 31;  // IORING_REGISTER_SEND_MSG_RING, Linux 6.13

}  // namespace

UringRing::~UringRing() {
  remove_short_name();
  if (is_set_up_) io_uring_queue_exit(&ring_);
}

int UringRing::set_up(unsigned completions) noexcept {
  io_uring_params params{};
  // One thread submits, and the kernel does what is left of an operation when that thread asks: without that it interrupts the thread each time
  // (lib/DECISIONS.md, "a ring for each worker").
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  params.cq_entries = completions;
  if (const int error = io_uring_queue_init_params(std::min(kRequests, completions), &ring_, &params); error < 0) return error == -EINVAL ? ENOSYS : -error;
  is_set_up_ = true;
  constexpr unsigned kNeeded = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_FAST_POLL | IORING_FEAT_CQE_SKIP;
  if ((params.features & kNeeded) != kNeeded) return ENOSYS;
  make_short_name();
  return 0;
}

// Not by liburing: from 2.4 on it also takes the name away by the name, which to a thread that destroys the ring of another one is one of its own.
void UringRing::make_short_name() noexcept {
  io_uring_rsrc_update name{};
  name.offset = ~0U;  // any that is free
  name.data = static_cast<std::uint64_t>(ring_.ring_fd);
  if (::syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_RING_FDS, &name, 1) == 1) short_name_ = static_cast<int>(name.offset);
}

void UringRing::remove_short_name() noexcept {
  if (short_name_ < 0) return;
  io_uring_rsrc_update name{};
  name.offset = static_cast<unsigned>(short_name_);
  // The kernel refuses it to all threads but the ring's own (IORING_SETUP_SINGLE_ISSUER); the names of a thread go with it.
  static_cast<void>(::syscall(__NR_io_uring_register, ring_.ring_fd, IORING_UNREGISTER_RING_FDS, &name, 1));
}

io_uring_sqe* UringRing::next_request() noexcept {
  io_uring_sqe* const request = io_uring_get_sqe(&ring_);
  if (request != nullptr) *request = {};
  return request;
}

unsigned UringRing::unsubmitted() const noexcept {
  // relaxed: only this thread has the kernel change it.
  return ring_.sq.sqe_tail - AtomicRef(*ring_.sq.khead).load(relaxed);
}

bool UringRing::has_put_off() const noexcept {
  constexpr unsigned kPutOff = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;
  // relaxed: asked again.
  return (AtomicRef(*ring_.sq.kflags).load(relaxed) & kPutOff) != 0;
}

bool UringRing::has_completions() const noexcept {
  // relaxed: a hint; take_completions() looks itself.
  return AtomicRef(*ring_.cq.khead).load(relaxed) != AtomicRef(*ring_.cq.ktail).load(relaxed);
}

bool UringRing::enter(unsigned least, const io_uring_getevents_arg* arg) noexcept {
  if (IoFaults* const faults = IoFaults::present(); faults != nullptr && faults->refuses_submission()) [[unlikely]] return false;
  // [uring.requests] release: the requests are complete; partner: the kernel's acquire.
  AtomicRef(*ring_.sq.ktail).store(ring_.sq.sqe_tail, release);
  ring_.sq.sqe_head = ring_.sq.sqe_tail;
  // [uring.requests] acquire: those that it has taken may be written over; partner: the kernel's release.
  const unsigned count = ring_.sq.sqe_tail - AtomicRef(*ring_.sq.khead).load(acquire);
  const unsigned flags = IORING_ENTER_GETEVENTS | (arg != nullptr ? unsigned{IORING_ENTER_EXT_ARG} : 0) |
                         (short_name_ >= 0 ? unsigned{IORING_ENTER_REGISTERED_RING} : 0);
  const long taken = ::syscall(__NR_io_uring_enter, short_name_ >= 0 ? short_name_ : ring_.ring_fd, count, least, flags, arg, arg != nullptr ? sizeof *arg : 0);
  if (taken >= 0) return static_cast<unsigned>(taken) == count;
  // EAGAIN: no memory for a request; EBUSY: completions do not fit any more; EINTR and ETIME: it has waited. Anything else is a mistake of weft's.
  WEFT_CHECK(errno == EAGAIN || errno == EBUSY || errno == EINTR || errno == ETIME || errno == ENOMEM, "io_uring_enter failed");
  return count == 0;
}

bool UringRing::submit_and_wait(TimeNs until) noexcept {
  __kernel_timespec span{};
  io_uring_getevents_arg arg{};
  if (until != kNeverNs) {
    const TimeNs left = std::max<TimeNs>(until - std::chrono::steady_clock::now().time_since_epoch().count(), 0);
    span.tv_sec = left / 1'000'000'000;
    span.tv_nsec = left % 1'000'000'000;
    arg.ts = reinterpret_cast<std::uintptr_t>(&span);
  }
  return enter(1, &arg);
}

bool UringRing::offer_buffers(void* entries, unsigned count) noexcept {
  io_uring_buf_reg row{};
  row.ring_addr = reinterpret_cast<std::uintptr_t>(entries);
  row.ring_entries = count;
  row.bgid = kBufferGroup;
  return io_uring_register_buf_ring(&ring_, &row, 0) == 0;
}

bool UringRing::make_memory_table(unsigned places) noexcept { return io_uring_register_buffers_sparse(&ring_, places) == 0; }

bool UringRing::set_memory(unsigned place, void* data, std::size_t size) noexcept {
  const iovec memory{data, size};
  return io_uring_register_buffers_update_tag(&ring_, place, &memory, nullptr, 1) == 1;
}

bool UringRing::send_wake(std::uint64_t user_data) noexcept {
  io_uring_sqe message{};
  message.opcode = IORING_OP_MSG_RING;
  message.fd = ring_.ring_fd;
  message.off = user_data;
  return ::syscall(__NR_io_uring_register, -1, kRegisterSendMessage, &message, 1) == 0;
}

}  // namespace weft::inline v0::detail
