/// @file
/// How a suspending coroutine hands the thread to the next job: see platform.hpp for the two modes.
#pragma once

#include <coroutine>

#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>

namespace weft::inline v0 {

namespace detail {
/// What a resume loop and the coroutines that it resumes tell each other.
struct Trampoline {
  Job* running = nullptr;  ///< what the loop has resumed
  Job* next = nullptr;     ///< what `running` hands the thread to when it suspends
};

/// The innermost resume loop of this thread; null when there is none.
WEFT_API extern constinit thread_local Trampoline* tls_trampoline [[gnu::tls_model("initial-exec")]];
}  // namespace detail

/// Resumes `job` and everything it hands the thread to, until a suspension hands it to nobody.
///
/// Cost: the resume, and one load; in the trampolined mode one turn of the loop per hop.
inline void resume_job(Job* job) {
  struct Inner : detail::Trampoline {  // a coroutine of another library may let an exception out
    Inner() noexcept : outer(detail::tls_trampoline) { detail::tls_trampoline = this; }
    Inner(const Inner&) = delete;
    Inner& operator=(const Inner&) = delete;
    ~Inner() { detail::tls_trampoline = outer; }
    Trampoline* const outer;
  };
  Inner loop;
  do {
    loop.running = job;
    loop.next = nullptr;
    handle_of(job).resume();
    job = loop.next;
  } while (job != nullptr);
}

inline namespace WEFT_TRANSFER_NAMESPACE {

#if WEFT_SYMMETRIC_TRANSFER

/// What await_suspend returns: the coroutine that gets the thread.
using Transfer = std::coroutine_handle<>;

/// Suspends `self` and gives the thread to `job`.
WEFT_ALWAYS_INLINE Transfer transfer_to([[maybe_unused]] Job* self, Job* job) noexcept { return handle_of(job); }
WEFT_ALWAYS_INLINE Transfer return_to_loop() noexcept { return std::noop_coroutine(); }

#else

/// What await_suspend returns: nothing; the next job waits in the resume loop's slot.
using Transfer = void;

/// Suspends `self` and gives the thread to `job`.
WEFT_ALWAYS_INLINE Transfer transfer_to(Job* self, Job* job) noexcept {
  detail::Trampoline* const loop = detail::tls_trampoline;
  if (loop != nullptr && loop->running == self) [[likely]] {
    loop->next = job;
  } else {
    // Somebody else has resumed `self` by hand: a coroutine of another library, or one that waited for something of it.
    // Control returns there, not to a loop of ours, so the job gets its own.
    resume_job(job);
  }
}
WEFT_ALWAYS_INLINE Transfer return_to_loop() noexcept {}

#endif

}  // namespace WEFT_TRANSFER_NAMESPACE

}  // namespace weft::inline v0
