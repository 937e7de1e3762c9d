/// @file
/// How the forker of a StackJob and whoever takes it agree on who calls it. States and proof: lib/coro/README.md, "The function form".
#pragma once

#include <chrono>
#include <cstdint>

#include <weft/base/atomic.hpp>

namespace weft::inline v0::detail {

/// The state word of a StackJob: zero, or the worker that runs it, with these bits.
using StackJobState = std::uint64_t;
constexpr StackJobState kDone = 1;
constexpr StackJobState kAwaited = 2;   // the forker sleeps
constexpr StackJobState kReturned = 4;  // taken, but not run
constexpr StackJobState kRunner = ~(kDone | kAwaited | kReturned);

/// Whether whoever took the job has left it.
constexpr bool is_left(StackJobState state) noexcept { return state == kDone || state == kReturned; }

/// The taker's first step, before it calls the function.
template <class Word, class Worker>
void begin_taken(Word& state, Worker* runner) noexcept {
  static_assert(alignof(Worker) > (kDone | kAwaited | kReturned));
  // [stack_job.runner] release: the runner's deque is complete before the forker steals from it. Partner: join_taken().
  state.fetch_or(reinterpret_cast<StackJobState>(runner), release);
}

/// The taker's last step.
///
/// @param how  kDone, or kReturned if it has not called the function
template <class Policy, class Word>
void leave_taken(Word* state, StackJobState how) noexcept {
  // [stack_job.done] release: the outcome happens before the forker reads it. Partner: join_taken().
  if ((state->exchange(how, release) & kAwaited) != 0) Policy::futex_wake(state, 1);
  // ---- the forker's frame may be gone (L4); the kernel is given the address only ----
}

/// Waits for a job that is not at the bottom of its forker's deque any more; helps whoever runs it meanwhile.
///
/// @tparam Forker  the thread that forked the job, as the rule needs it: finish_pop(), pop(), push_again(job), is_joined(job),
///                 run(job), steal_from(runner), is_stack_job(job), run_find(job), give_back(job), put_back(job); kSpins
/// @return  true: nobody has called the function; the caller does
template <class Policy, class Forker>
bool join_taken(typename Policy::template Atomic<StackJobState>& word, Forker forker) noexcept {
  // How late the forker may notice that there is something to help with: a ready job is to be taken within 100 us.
  constexpr std::chrono::microseconds kNap{50};

  // The job is the newest of this worker unless somebody stole it; what lies above it was left by a coroutine that a
  // callable resumed by hand, and belongs to this call.
  for (auto* popped = forker.finish_pop(); popped != nullptr; popped = forker.pop()) {
    if (forker.is_joined(popped)) return true;
    // [stack_job.done] acquire: pairs with leave_taken(). Such a coroutine may have run this job, and then what lies here is older.
    const StackJobState state = word.load(acquire);
    if (is_left(state)) {
      forker.push_again(popped);
      return state == kReturned;
    }
    forker.run(popped);
  }
  int spins = 0;
  for (;;) {
    // [stack_job.done] [stack_job.runner] acquire: pairs with leave_taken() and begin_taken().
    StackJobState state = word.load(acquire);
    if (is_left(state)) return state == kReturned;
    if (auto* const find = forker.steal_from(state & kRunner)) {
      // As long as this job is not done, all that its runner has forked descends from it. If it ended meanwhile, the
      // find may be anything, and must not run on top of this stack.
      // relaxed: a find that was forked after the end of this job shows that end: [deque.publish] orders the one before the other.
      const bool is_descendant = !is_left(word.load(relaxed));
      if (!forker.is_stack_job(find)) {
        forker.put_back(find);
      } else if (is_descendant) {
        forker.run_find(find);
      } else {
        // Not into a queue of this worker: it may wait, later, for what the find's forker is in the middle of, and that one for the find.
        forker.give_back(find);
      }
      spins = 0;
      continue;
    }
    if (++spins < Forker::kSpins) {
      Policy::spin_pause();
      continue;
    }
    // relaxed: nothing is read but the state, and that again, with acquire, when the nap is over.
    if ((state & kAwaited) == 0 && !word.compare_exchange_strong(state, state | kAwaited, relaxed, relaxed)) continue;
    // Not for ever: the runner may fork more, which this worker should help with.
    Policy::futex_wait_for(word, state | kAwaited, kNap);
  }
}

}  // namespace weft::inline v0::detail
