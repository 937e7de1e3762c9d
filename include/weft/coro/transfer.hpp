/// @file
/// How a suspending coroutine hands the thread to the next job: see platform.hpp for the two modes.
#pragma once

#include <coroutine>

#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>
#include <weft/base/resume_job.hpp>

namespace weft::inline v0 {

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
  detail::Trampoline* const loop = detail::slot_trampoline();
  if (loop != nullptr && loop->running == self && loop->next == nullptr) [[likely]] {
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
