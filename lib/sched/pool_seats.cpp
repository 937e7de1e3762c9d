// Which seats a pool has, and how many of them may be awake: what the monitor does to a pool.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <new>
#include <utility>

#include "sched/pool.hpp"
#include "sched/seat_host.hpp"

namespace weft::inline v0 {

/// Makes more workers, or takes back those whose threads have ended. False: there is no memory. By the monitor only.
bool Pool::has_seats(unsigned count) noexcept {
  for (unsigned i = worker_count(); i < count; ++i) {
    if (i < seats_.count() && !seats_[i].is_removed) {
      const std::lock_guard lock(threads_mutex_);
      // Once there was no thread for it; perhaps there is now.
      if (try_revive(seats_[i])) idle_.add_sleeper(i);
      continue;
    }
    if (i == seats_.count()) {
      try {
        seats_.add(make_on<Worker>(config_.memory_of(i), *this, i));
      } catch (const std::bad_alloc&) {
        return false;
      }
      // [seats.add] seq_cst: the seat before all that its worker looks at: of that look and the one at the seats at least one sees the other's store.
      // Partner: the full_fence() in Pool::stop_tasks().
      full_fence();
    }
    seats_[i].is_removed = false;
    idle_.add_sleeper(i);
  }
  return true;
}

void Pool::allow_another() noexcept { v0::allow_another(idle_, SeatHost{*this}); }

/// Opens and closes tiers. By the monitor only.
void Pool::open_workers(unsigned count) noexcept { v0::open_workers(idle_, SeatHost{*this}, count); }

/// The process has more or fewer processors than before, or others. By the monitor only.
void Pool::limits_changed(unsigned workers, std::vector<unsigned> allowed) noexcept {
  {
    const std::lock_guard lock(threads_mutex_);
    allowed_cpus_ = std::move(allowed);
  }
  // A cpuset that shrinks takes the bindings away, and one that grows does not always give them back. relaxed: says only that it has changed; the
  // rest is under the lock.
  binding_.fetch_add(1, relaxed);
  v0::limit_workers(idle_, SeatHost{*this}, workers);
}

/// Whether the process still has the processor to which a worker is to be bound.
bool Pool::may_use_place_of(unsigned worker) noexcept {
  const auto processor = config_.places.processor_of(worker);
  const std::lock_guard lock(threads_mutex_);
  return processor && std::binary_search(allowed_cpus_.begin(), allowed_cpus_.end(), *processor);
}

/// Tries again where there was no thread for a worker, of which so many are spare ones that may be awake. By the monitor only.
void Pool::retry_threads(unsigned spares) noexcept {
  {
    // One is enough: if there is a thread for it, there may be for the others.
    const std::lock_guard lock(threads_mutex_);
    revive_retired(1);
  }
  static_cast<void>(has_seats(worker_count() + spares));
  v0::allow_another(idle_, SeatHost{*this}, 0);
}

/// Ends the thread of a worker that sleeps and is not needed. By the monitor only.
void Pool::end_spare(unsigned index) noexcept {
  Worker& worker = seats_[index];
  if (worker.is_removed || !idle_.try_remove_sleeper(index)) return;
  // Its thread is the one that looks at its timers, and a ring is of the thread that has made it.
  if (worker.timers->next() != kNeverNs || worker.poller_for_others() != nullptr) {
    idle_.add_sleeper(index);
    return v0::allow_another(idle_, SeatHost{*this}, 0);  // who pushed meanwhile may have found nobody
  }
  worker.is_removed = true;
  std::thread ended;
  {
    const std::lock_guard lock(threads_mutex_);
    ended = std::move(worker.thread);
    // relaxed: under the lock.
    if (ended.joinable()) threads_.fetch_sub(1, relaxed);
  }
  if (!ended.joinable()) return;
  // [pool.stop] release: pairs with the worker's look at it.
  worker.must_end.store(true, release);
  worker.parker.unpark();
  ended.join();
  // relaxed: its next thread is started after this.
  worker.must_end.store(false, relaxed);
}

/// Gives away what a worker keeps for its next jobs, as a guest in its seat that runs none. False: it is awake. By the monitor only.
bool Pool::trim_sleeper(unsigned index) noexcept {
  if (!idle_.try_claim_for_guest(index)) return false;
  seats_[index].frames.trim();
  seats_[index].fibers.trim();
  give_seat_back(seats_[index], true);
  return true;
}

void Pool::report_blocked(const BlockedWorker& blocked) const noexcept {
  if (config_.on_blocked) return config_.on_blocked(blocked);
  std::fprintf(stderr,
               "weft: worker %u has been blocked for %lld ms in a call that is not marked with weft::blocking (another runs its jobs "
               "meanwhile); it is in (addr2line -Cfe knows the offsets):\n",
               blocked.worker, static_cast<long long>(blocked.duration.count()));
  for (const std::string& frame : blocked.frames) std::fprintf(stderr, "  %s\n", frame.c_str());
}

}  // namespace weft::inline v0
