/// @file
/// A ring as one would have it by hand, with those of the flags of weft's rings that a loop has use for.
#pragma once

#include <liburing.h>
#include <sys/uio.h>

#include <cstddef>

#include "support/bench.hpp"

namespace io {

class Ring {
 public:
  Ring() {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
    params.cq_entries = 4096;
    perf::verify(io_uring_queue_init_params(256, &ring_, &params) == 0, "a ring");
    io_uring_register_ring_fd(&ring_);
  }
  ~Ring() { io_uring_queue_exit(&ring_); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  io_uring_sqe* request() {
    if (io_uring_sqe* const request = io_uring_get_sqe(&ring_)) return request;
    io_uring_submit(&ring_);
    return io_uring_get_sqe(&ring_);
  }

  /// Says to the kernel once what requests of the kind "fixed" will read into.
  void register_memory(void* memory, std::size_t size) {
    const iovec all{memory, size};
    perf::verify(io_uring_register_buffers(&ring_, &all, 1) == 0, "memory is registered");
  }

  /// Calls `take(user_data, result)` for all that has ended, when something has.
  template <class Take>
  void turn(Take take) {
    io_uring_submit_and_wait(&ring_, 1);
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(&ring_, head, entry) {
      take(io_uring_cqe_get_data(entry), entry->res);
      ++count;
    }
    io_uring_cq_advance(&ring_, count);
  }

 private:
  io_uring ring_{};
};

}  // namespace io
