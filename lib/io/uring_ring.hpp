/// @file
/// One io_uring: its memory and its system calls.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>

#include <weft/base/atomic.hpp>
#include <weft/queue/timer.hpp>

namespace weft::inline v0::detail {

/// Threads: the one that has set it up, except where a member says something else.
class UringRing {
 public:
  UringRing() = default;
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;
  ~UringRing();

  /// @return  0, or the number of an error: of the kernel's, or ENOSYS if it has not all that is needed
  [[nodiscard]] int set_up(unsigned completions) noexcept;

  [[nodiscard]] bool has_room() const noexcept { return io_uring_sq_space_left(&ring_) != 0; }
  /// Room for a request, cleared, or null: submit() makes room. It is handed over by the next submit().
  [[nodiscard]] io_uring_sqe* next_request() noexcept;

  /// Hands over what there is, and has the kernel do what it has put off until it is asked. False: not all was taken.
  bool submit() noexcept { return enter(0, nullptr); }
  /// The same, and sleeps until there is a completion, or the time has come.
  bool submit_and_wait(TimeNs until) noexcept;

  /// How many requests the next submit() hands over.
  [[nodiscard]] unsigned unsubmitted() const noexcept;
  /// Whether the kernel waits to be asked. Threads: any.
  [[nodiscard]] bool has_put_off() const noexcept;
  /// Whether there are completions. Threads: any.
  [[nodiscard]] bool has_completions() const noexcept;

  /// Calls `take(user_data, result, flags)` for some completions. Threads: one at a time.
  template <class Take>
  void take_completions(Take take) noexcept {
    const std::uint32_t mask = *ring_.cq.kring_mask;
    std::uint32_t head = *ring_.cq.khead;
    // [uring.completions] acquire: what the kernel has written is there; partner: the kernel's release.
    const std::uint32_t tail = AtomicRef(*ring_.cq.ktail).load(acquire);
    for (; head != tail; ++head) {
      const io_uring_cqe& entry = ring_.cq.cqes[head & mask];
      take(entry.user_data, entry.res, entry.flags);
    }
    // [uring.completions] release: they have been read before the kernel writes over them; partner: the kernel's acquire.
    AtomicRef(*ring_.cq.khead).store(head, release);
  }

  /// Puts a completion into this ring, which ends a wait. False: this kernel cannot, or not now. Threads: any.
  [[nodiscard]] bool send_wake(std::uint64_t user_data) noexcept;

  /// Hands over a row of `count` entries, one page, in which it finds buffers (IOSQE_BUFFER_SELECT). False: it cannot.
  [[nodiscard]] bool offer_buffers(void* entries, unsigned count) noexcept;

  /// Makes a table of memory that the kernel keeps ready, without any. False: it cannot.
  [[nodiscard]] bool make_memory_table(unsigned places) noexcept;
  /// Puts memory into a place of it, or takes out what is there (null). False: the kernel has refused.
  [[nodiscard]] bool set_memory(unsigned place, void* data, std::size_t size) noexcept;

  /// Has the kernel write into an eventfd when there is something new. False: it has no memory.
  [[nodiscard]] bool report_to(int event_file) noexcept { return io_uring_register_eventfd(&ring_, event_file) == 0; }

 private:
  bool enter(unsigned least, const io_uring_getevents_arg* arg) noexcept;
  /// A number for this ring in a table of its thread's, which saves the kernel looking for the file; where there is none, nothing is lost.
  void make_short_name() noexcept;
  void remove_short_name() noexcept;

  io_uring ring_{};
  bool is_set_up_ = false;
  int short_name_ = -1;
};

}  // namespace weft::inline v0::detail
