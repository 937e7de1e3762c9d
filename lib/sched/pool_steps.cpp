// A pool without threads, which somebody else's loop steps: README.md, "stepped".
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "base/futex.hpp"
#include "sched/pool.hpp"
#include "sched/stepper.hpp"
#include <weft/base/assert.hpp>
#include <weft/base/error.hpp>

namespace weft::inline v0 {

/// Runs what there is to do, for as long as a step may take. True: there is more.
bool Pool::step() {
  if (!stepper_->try_own()) {
    throw UsageError(
        "weft: Runtime::step was called on another thread than before: what the runtime has begun in the kernel belongs to the first thread that steps "
        "it (or calls run or shutdown)");
  }
  stepper_->clear();
  Worker& worker = seats_[0];
  bool is_more = worker.run_for_a_step();
  // What is due already is more to do, and so is what was woken by the counts at the end.
  if (follower_) {
    is_more = is_more || follower_->is_anything_due();
  } else {
    stepper_->arm(worker.timers->next());
  }
  about_to_sleep();
  if (is_more || (worker.poller != nullptr && worker.poller->wants_owner())) stepper_->notify();
  return is_more;
}

void Pool::step_for(Poller& poller) {
  const int file = poller.file();
  if (file < 0 || !stepper_->add(file)) {
    throw std::system_error(errno, std::system_category(), "weft: no descriptor by which a stepped Runtime would learn of the ends of its operations");
  }
}

int Pool::step_file() const noexcept { return stepper_->file(); }

/// Sleeps until there may be something to do; for what waits for a time of a ManualClock nobody sleeps (lib/time/README.md, C1).
void Pool::wait_for_step(std::chrono::steady_clock::time_point until) noexcept {
  constexpr std::chrono::milliseconds kPatience{20};  // with the kernel
  if (!follower_ || follower_->next_timer() == kNeverNs) {
    stepper_->wait(until);
    return;
  }
  const Poller* const poller = seats_[0].poller;
  const auto now = std::chrono::steady_clock::now();
  const bool is_io_pending = poller != nullptr && poller->has_pending();
  if (!stepper_->wait(is_io_pending ? std::min(until, now + kPatience) : now)) follower_->move_on();
}

/// Runs a root that was posted, or, if another thread steps, waits for it.
void Pool::step_until(const Atomic<std::uint32_t>& done) {
  // [run.done] acquire: pairs with the store by which the root says it has ended.
  const auto is_done = [&done] { return done.load(acquire) != 0; };
  if (!stepper_->try_own()) {
    while (!is_done()) futex_wait(done, 0);
    return;
  }
  while (!is_done()) {
    if (!step() && !is_done()) wait_for_step(std::chrono::steady_clock::time_point::max());
  }
}

/// Steps until nothing is outstanding, or the deadline.
void Pool::step_until_drained(std::chrono::steady_clock::time_point deadline) noexcept {
  while (outstanding() != 0 && std::chrono::steady_clock::now() < deadline) {
    WEFT_CHECK(stepper_->try_own(), "a Runtime that is stepped was destroyed, or shut down, on another thread than the one that steps it, with work left");
    if (!step() && outstanding() != 0) wait_for_step(deadline);
  }
}

}  // namespace weft::inline v0
