#include <weft/coro/invoke.hpp>

#include <chrono>

#include "base/futex.hpp"
#include <weft/coro/transfer.hpp>

namespace weft::inline v0::detail {

namespace {

constexpr std::uint64_t kDone = 1;
constexpr std::uint64_t kAwaited = 2;  // the forker sleeps
constexpr std::uint64_t kReturned = 4;  // taken, but not run
constexpr std::uint64_t kRunner = ~(kDone | kAwaited | kReturned);
static_assert(alignof(WorkerContext) > (kDone | kAwaited | kReturned));

constexpr int kSpins = 200;
// How late the forker may notice that there is something to help with: a ready job is to be taken within 100 us.
constexpr std::chrono::microseconds kNap{50};

}  // namespace

char StackJob::kMark = 0;

void StackJob::begin() noexcept {
  // [stack_job.runner] release: the runner's deque is complete before the forker steals from it.
  state_.fetch_or(reinterpret_cast<std::uint64_t>(current_worker()), release);
}

void StackJob::end() noexcept { leave(kDone); }

void StackJob::give_back() noexcept { leave(kReturned); }

void StackJob::leave(std::uint64_t state) noexcept {
  auto* const word = &state_;
  // [stack_job.done] release: the outcome happens before the forker reads it.
  if ((word->exchange(state, acq_rel) & kAwaited) != 0) futex_wake(word, 1);
  // ---- the forker's frame may be gone (L4); the kernel is given the address only ----
}

bool StackJob::join_slow() noexcept {
  WorkerContext& worker = *current_worker();
  // The job is the newest of this worker unless somebody stole it; what lies above it was left by a coroutine that a
  // callable resumed by hand, and belongs to this call.
  for (Job* popped = worker.fork_deque->finish_pop(); popped != nullptr; popped = worker.fork_deque->pop()) {
    if (popped == this) return true;
    // [stack_job.done] acquire: pairs with leave(). Such a coroutine may have run this job, and then what lies here is older.
    const std::uint64_t state = state_.load(acquire);
    if (state == kDone || state == kReturned) {
      worker.fork_deque->push(popped);  // there is room: it was there before
      notify_work(worker);              // a worker that fell asleep meanwhile has not seen it
      return state == kReturned;
    }
    resume_job(popped);
  }
  int spins = 0;
  for (;;) {
    // [stack_job.done] [stack_job.runner] acquire: pairs with leave() and begin().
    std::uint64_t state = state_.load(acquire);
    if (state == kDone) return false;
    if (state == kReturned) return true;
    auto* const runner = reinterpret_cast<WorkerContext*>(state & kRunner);
    Priority from = Priority::Normal;
    if (Job* const found = runner != nullptr ? worker.steal_fork_of(*runner, from) : nullptr) {
      // As long as this job is not done, all that its runner has forked descends from it. If it ended meanwhile, the
      // find may be anything, and must not run on top of this stack.
      // [stack_job.done] acquire: pairs with leave().
      const std::uint64_t now = state_.load(acquire);
      if (!is_one(*found)) {
        worker.put_back(found, from);
      } else if (now != kDone && now != kReturned) {
        found->resume(found);
      } else {
        // Not into a queue of this worker: it may wait, later, for what the find's forker is in the middle of, and that one for the find.
        static_cast<StackJob*>(found)->give_back();
      }
      spins = 0;
      continue;
    }
    if (++spins < kSpins) {
      cpu_relax();
      continue;
    }
    // [stack_job.done] [stack_job.runner] acquire: pairs with leave() or begin(), should it have come first.
    if ((state & kAwaited) == 0 && !state_.compare_exchange_strong(state, state | kAwaited, acquire, acquire)) continue;
    // Not for ever: the runner may fork more, which this worker should help with.
    futex_wait_for(state_, state | kAwaited, kNap);
  }
}

}  // namespace weft::inline v0::detail
