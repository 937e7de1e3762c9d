#include <weft/coro/invoke.hpp>

#include <chrono>

#include "base/futex.hpp"
#include <weft/coro/transfer.hpp>

namespace weft::inline v0::detail {

namespace {

constexpr std::uint64_t kDone = 1;
constexpr std::uint64_t kAwaited = 2;  // the forker sleeps
constexpr std::uint64_t kRunner = ~(kDone | kAwaited);
static_assert(alignof(WorkerContext) > (kDone | kAwaited));

constexpr int kSpins = 200;
// How late the forker may notice that there is something to help with: a ready job is to be taken within 100 us.
constexpr std::chrono::microseconds kNap{50};

}  // namespace

char StackJob::kMark = 0;

void StackJob::begin() noexcept {
  // [stack_job.runner] release: the runner's deque is complete before the forker steals from it.
  state_.fetch_or(reinterpret_cast<std::uint64_t>(current_worker()), release);
}

void StackJob::end() noexcept {
  auto* const state = &state_;
  // [stack_job.done] release: the outcome happens before the forker reads it.
  if ((state->exchange(kDone, acq_rel) & kAwaited) != 0) futex_wake(state, 1);
  // ---- the forker's frame may be gone (L4); the kernel is given the address only ----
}

bool StackJob::join_slow() noexcept {
  WorkerContext& worker = *current_worker();
  // The job is the newest of this worker unless somebody stole it; what lies above it was left by a coroutine that a
  // callable resumed by hand, and belongs to this call.
  for (Job* popped = worker.fork_deque->finish_pop(); popped != nullptr; popped = worker.fork_deque->pop()) {
    if (popped == this) return true;
    // [stack_job.done] acquire: pairs with end(). Such a coroutine may have run this job, and then what lies here is older.
    if (state_.load(acquire) == kDone) {
      worker.fork_deque->push(popped);  // there is room: it was there before
      notify_work(worker);              // a worker that fell asleep meanwhile has not seen it
      return false;
    }
    resume_job(popped);
  }
  int spins = 0;
  for (;;) {
    // [stack_job.done] [stack_job.runner] acquire: pairs with end() and begin().
    std::uint64_t state = state_.load(acquire);
    if (state == kDone) return false;
    auto* const runner = reinterpret_cast<WorkerContext*>(state & kRunner);
    Priority from = Priority::Normal;
    if (Job* const found = runner != nullptr ? worker.steal_fork_of(*runner, from) : nullptr) {
      // As long as this job is not done, all that its runner has forked descends from it. If it ended meanwhile, the
      // find may be anything, and must not run on top of this stack.
      // [stack_job.done] acquire: pairs with end().
      if (is_one(*found) && state_.load(acquire) != kDone) {
        found->resume(found);
      } else {
        worker.put_back(found, from);
      }
      spins = 0;
      continue;
    }
    if (++spins < kSpins) {
      cpu_relax();
      continue;
    }
    // [stack_job.done] [stack_job.runner] acquire: pairs with end() or begin(), should it have come first.
    if ((state & kAwaited) == 0 && !state_.compare_exchange_strong(state, state | kAwaited, acquire, acquire)) continue;
    // Not for ever: the runner may fork more, which this worker should help with.
    futex_wait_for(state_, state | kAwaited, kNap);
  }
}

}  // namespace weft::inline v0::detail
