// What was started and has not ended, and the end of a pool: README.md, "drained" and "shutdown".
#include <chrono>
#include <mutex>

#include "sched/pool.hpp"
#include <weft/base/backoff.hpp>
#include <weft/mem/frame_cache.hpp>

namespace weft::inline v0 {

void Pool::root_started(std::uint64_t count) noexcept {
  if (WorkerContext* const worker = current_worker(); is_own(worker)) {
    worker->roots_started.add(count);
  } else {
    // [roots.count] release: pairs with outstanding().
    outside_started_.fetch_add(count, release);
  }
}

void Pool::root_finished() noexcept {
  if (WorkerContext* const worker = current_worker(); is_own(worker)) {
    worker->roots_finished.add();
    return;  // should it be the last, this worker will go to sleep and tell
  }
  // Under the lock, so that the pool cannot be destroyed between the count and the notification.
  const std::lock_guard lock(drain_mutex_);
  // [roots.count] release: pairs with outstanding().
  outside_finished_.fetch_add(1, release);
  drained_.notify_all();
  if (is_stepped()) stepper_->notify();
}

std::uint64_t Pool::outstanding() const noexcept {
  // Finished before started: if the sums are equal then nothing was running in between (lib/sched/README.md, "drained").
  // [roots.count] acquire: pairs with the counts' release.
  std::uint64_t finished = outside_finished_.load(acquire);
  for (const auto& worker : seats_) finished += worker->roots_finished.get();
  // [roots.count] acquire: as above.
  std::uint64_t started = outside_started_.load(acquire);
  for (const auto& worker : seats_) started += worker->roots_started.get();
  return started - finished;
}

void Pool::about_to_sleep() noexcept {
  // [drain.flag] seq_cst: the worker's look, after its counts and the heavy_fence() behind its announcement, before it sleeps. Of this
  // look and the drainer's at the counts at least one sees the other's store; partner: [drain.flag] in drain_until().
  if (!draining_.load(seq_cst)) return;
  const std::lock_guard lock(drain_mutex_);
  drained_.notify_all();
}

std::uint64_t Pool::drain_until(std::chrono::steady_clock::time_point deadline) {
  // [pool.closed] release: pairs with check_open().
  closed_.store(true, release);
  // [drain.flag] seq_cst: set before the counts are read below; a worker that reads it unset had counted before. Partner:
  // [drain.flag] in about_to_sleep().
  draining_.store(true, seq_cst);
  // [drain.flag] seq_cst: the counts are read with acquire, which the store above could pass; the fence keeps them behind it.
  // Partner: the heavy_fence() between a worker's counts and its look in about_to_sleep().
  full_fence();
  if (is_stepped()) {
    step_until_drained(deadline);
    return outstanding();
  }
  std::unique_lock lock(drain_mutex_);
  if (current_worker() == nullptr) drain_without_threads(lock, deadline);
  const auto is_drained = [this] { return outstanding() == 0; };
  if (deadline == std::chrono::steady_clock::time_point::max()) {
    drained_.wait(lock, is_drained);
  } else {
    drained_.wait_until(lock, deadline, is_drained);
  }
  return outstanding();
}

/// Does itself what no thread can be had for; returns when one can, when all is drained, or at the deadline.
void Pool::drain_without_threads(std::unique_lock<std::mutex>& lock, std::chrono::steady_clock::time_point deadline) {
  constexpr std::chrono::milliseconds kLookAgain{1};
  static constinit const Atomic<std::uint32_t> until_dry{1};
  while (outstanding() != 0 && std::chrono::steady_clock::now() < deadline && !can_have_thread()) {
    lock.unlock();
    Worker* const seat = claim_seat();
    if (seat != nullptr) {
      if (prepare(*seat)) seat->run_as_only_guest(until_dry, deadline);
      give_seat_back(*seat, true);
    }
    lock.lock();
    if (outstanding() != 0) drained_.wait_for(lock, kLookAgain);
  }
}

Pool::~Pool() {
  drain_until(std::chrono::steady_clock::time_point::max());  // shutdown steps 1 and 2 (README.md)
  // Shutdown step 3. A thread that woke one of the last tasks may still be on its way out of post(), and about to start a
  // worker's thread that would have to be joined. None comes any more: nothing is left that could be woken.
  // [pool.outside] acquire: pairs with ~OutsideCall().
  for (Backoff backoff; outside_calls_.load(acquire) != 0;) backoff.pause();
  monitor_.stop();  // shutdown step 4
  {
    const std::lock_guard lock(threads_mutex_);
    // Shutdown step 5. [pool.stop] release: pairs with the workers' look at it.
    stopping_.store(true, release);
  }
  // Shutdown step 6.
  idle_.claim_all([this](unsigned index) {
    Worker& worker = seats_[index];
    if (worker.thread.joinable()) worker.parker.unpark();
  });
  // Shutdown step 7.
  for (const auto& worker : seats_) {
    if (worker->thread.joinable()) worker->thread.join();
    worker->frames.trim();
  }
  frame_memory_collect();
}

}  // namespace weft::inline v0
