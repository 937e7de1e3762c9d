/// @file
/// Resuming a job, and everything that it hands the thread to, in bounded stack.
#pragma once

#include <weft/base/job.hpp>
#include <weft/base/platform.hpp>
#include <weft/base/thread_slot.hpp>

namespace weft::inline v0 {

namespace detail {
/// What a resume loop and the jobs that it resumes tell each other.
struct Trampoline {
  Job* running = nullptr;  ///< what the loop has resumed
  Job* next = nullptr;     ///< what is handed the thread when `running` returns
};

/// The innermost resume loop of this thread; null when there is none. A fiber has its own, which it takes with it.
WEFT_DECLARE_THREAD_SLOT(Trampoline, trampoline)
}  // namespace detail

/// Resumes `job` and everything it hands the thread to, until a suspension hands it to nobody.
///
/// Cost: the resume, and one load; in the trampolined mode one turn of the loop per hop.
inline void resume_job(Job* job) {
  struct Inner : detail::Trampoline {  // a coroutine of another library may let an exception out
    Inner() noexcept : outer(detail::slot_trampoline()) { detail::set_slot_trampoline(this); }
    Inner(const Inner&) = delete;
    Inner& operator=(const Inner&) = delete;
    ~Inner() { detail::set_slot_trampoline(outer); }
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

namespace detail {
/// Gives the thread to `next` when the job that runs now has returned to its loop, so that no stack grows.
///
/// For jobs that are no coroutines: they cannot transfer.
inline void hand_to_loop(Job* next) {
  Trampoline* const loop = slot_trampoline();
  // The place is taken if somebody was resumed by hand, inside the job that the loop runs, and has handed it on already.
  if (loop != nullptr && loop->next == nullptr) [[likely]] {
    loop->next = next;
  } else {
    resume_job(next);
  }
}
}  // namespace detail

}  // namespace weft::inline v0
