/// @file
/// One runnable thing.
#pragma once

#include <coroutine>

#include <weft/base/platform.hpp>

namespace weft::inline v0 {

/// One runnable entry of a queue: two words that look like the head of a coroutine frame.
///
/// gcc and clang lay out every coroutine frame with the resume function first and the destroy function
/// second. A suspended coroutine is therefore a Job already, and a plain Job can be resumed through
/// `std::coroutine_handle<>`, so that queues hold one word per entry and need no case distinction.
/// tests/unit/base/job_test.cpp checks the layout for the compiler in use.
///
/// Lifetime: the owner keeps it alive until `resume` has been entered; a Job that frees itself does so there.
struct Job {
  void (*resume)(Job*);  ///< runs the job; for a coroutine, continues it until its next suspension
  union {
    void (*destroy)(Job*);  ///< of a coroutine: destroys the suspended frame
    void* mark;             ///< of any other job: by what its owner knows it; never the address of a function
  };
};

/// A job that is no coroutine, with the mark by which its owner knows it.
inline Job marked_job(void (*resume)(Job*), void* mark) noexcept {
  Job job{resume, {nullptr}};
  job.mark = mark;
  return job;
}

/// The suspended coroutine as a queue entry.
inline Job* job_of(std::coroutine_handle<> h) noexcept { return static_cast<Job*>(h.address()); }

/// The queue entry as something a coroutine can transfer to.
inline std::coroutine_handle<> handle_of(Job* job) noexcept {
  return std::coroutine_handle<>::from_address(job);
}

/// A Job with a link, so that it can wait in an intrusive list: posting never allocates and never fails.
///
/// Lifetime: the node may be reused or freed as soon as the job has been taken off the list.
struct JobLink {
  Job* job;
  JobLink* next;
};

}  // namespace weft::inline v0
