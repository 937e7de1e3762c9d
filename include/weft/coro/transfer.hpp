/// @file
/// How a suspending coroutine hands the thread to the next job: see platform.hpp for the two modes.
#pragma once

#include <coroutine>

#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>

namespace weft::inline v0 {

namespace detail {
/// Where the innermost resume loop of this thread looks for the next job; null when there is no loop.
WEFT_API extern constinit thread_local Job** tls_trampoline [[gnu::tls_model("initial-exec")]];
}  // namespace detail

/// Resumes `job` and everything it hands the thread to, until a suspension hands it to nobody.
///
/// Cost: the resume, and one load; in the trampolined mode one turn of the loop per hop.
inline void resume_job(Job* job) {
  Job* next = nullptr;
  Job** const outer = detail::tls_trampoline;
  detail::tls_trampoline = &next;
  do {
    next = nullptr;
    handle_of(job).resume();
    job = next;
  } while (job != nullptr);
  detail::tls_trampoline = outer;
}

inline namespace WEFT_TRANSFER_NAMESPACE {

#if WEFT_SYMMETRIC_TRANSFER

/// What await_suspend returns: the coroutine that gets the thread.
using Transfer = std::coroutine_handle<>;

WEFT_ALWAYS_INLINE Transfer transfer_to(Job* job) noexcept { return handle_of(job); }
WEFT_ALWAYS_INLINE Transfer return_to_loop() noexcept { return std::noop_coroutine(); }

#else

/// What await_suspend returns: nothing; the next job waits in the resume loop's slot.
using Transfer = void;

WEFT_ALWAYS_INLINE Transfer transfer_to(Job* job) noexcept {
  if (Job** const slot = detail::tls_trampoline) [[likely]] {
    *slot = job;
  } else {
    resume_job(job);  // awaited by a coroutine of another library on a thread that runs none of our loops
  }
}
WEFT_ALWAYS_INLINE Transfer return_to_loop() noexcept {}

#endif

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
