// Where a worker looks for its next job, and in which order.
#include "sched/worker.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "sched/arena_queues.hpp"
#include "sched/pool.hpp"
#include <weft/sched/numa_arena.hpp>

namespace weft::inline v0 {

/// 400 ns on the machine that this was measured on: a few times as long as a cache line needs from one processor to another.
void Worker::pause_between_looks() noexcept {
  for (int i = 0; i < 16; ++i) cpu_relax();
}

/// Whoever was due is in the row of those that have given way, behind all that was spawned; there a worker that is given new work all the time would
/// take one of them each 61st turn.
bool Worker::is_turn_of_due() noexcept {
  constexpr std::uint32_t kDueTurn = 4;
  return due_ != 0 && ++turns_with_due_ % kDueTurn == 0;
}

/// Of those that have given way or were due, who has been there longest.
Job* Worker::take_yielded(RunQueues& mine) noexcept {
  Job* const job = mine.yielded.pop_oldest();
  if (job != nullptr && due_ != 0) --due_;
  return job;
}

Job* Worker::take_own(RunQueues& mine, bool is_turn_of_due) noexcept {
  if (is_turn_of_due) [[unlikely]] {
    if (Job* const job = take_yielded(mine)) return job;
  }
  if (mine.fork.size_hint() != 0) {
    if (Job* const job = mine.fork.pop()) return job;
  }
  if (mine.spawned.size_hint() != 0) {
    if (Job* const job = mine.spawned.pop()) return job;
  }
  return mine.yielded.size_hint() != 0 ? take_yielded(mine) : nullptr;
}

Worker::Found Worker::find_own(std::size_t of, bool is_turn_of_due) noexcept {
  RunQueues* const mine = queues(of);
  Job* const job = mine != nullptr ? take_own(*mine, is_turn_of_due) : nullptr;
  if (job == nullptr) return {};
  if (of == static_cast<std::size_t>(Priority::High)) [[unlikely]] pool_.idle_.answer(Idle::kHighWaits);
  return {job, of};
}

bool Worker::has_own_from(std::size_t first) const noexcept {
  for (std::size_t of = first; of < kPriorities; ++of) {
    const RunQueues* const mine = queues(of);
    if (mine != nullptr && !mine->is_empty_to_owner()) return true;
  }
  return false;
}

/// What goes before a worker's own work: find_work() looks for it.
bool Worker::may_others_go_first() const noexcept {
  // relaxed: a hint.
  return must_look_for_high_ || (wake_hint->load(relaxed) & (Idle::kHighWaits | Idle::kOtherWaits)) != 0;
}

bool Worker::has_ready_work() const noexcept { return may_others_go_first() || has_own_from(0); }

bool Worker::is_anything_injected(std::size_t of) const noexcept {
  return !pool_.injectors_[of].is_empty_hint() || (arena_ != nullptr && !arena_->injectors[of].is_empty_hint());
}

Worker::Found Worker::find_injected(std::size_t of) noexcept {
  if (arena_ != nullptr) {
    if (const Found found = take_injected(arena_->injectors[of], of, arena_->workers)) return found;
  }
  return take_injected(pool_.injectors_[of], of, pool_.worker_count());
}

/// What waits for other arenas: they have had their chance.
Worker::Found Worker::find_in_other_arenas(std::size_t of) noexcept {
  const std::span<NumaArena* const> all = pool_.arenas();
  for (std::size_t i = 0, at = random_ % all.size(); i < all.size(); ++i, at = at + 1 == all.size() ? 0 : at + 1) {
    ArenaQueues& other = *all[at]->queues_;
    if (&other == arena_) continue;
    if (const Found found = take_injected(other.injectors[of], of, other.workers, true)) return found;
  }
  return {};
}

Worker::Found Worker::find_in_other_arenas() noexcept {
  for (std::size_t of = 0; of < kPriorities; ++of) {
    if (const Found found = find_in_other_arenas(of)) return found;
  }
  return {};
}

Worker::Found Worker::take_injected(Injector& injector, std::size_t of, unsigned sharers, bool is_remote) noexcept {
  const std::size_t waiting = injector.size_hint();
  if (waiting == 0) return {};
  // A fair share of what waits, in one go; the rest of it goes where thieves can find it. But one job when a task has given way: the
  // rest would wait behind that task, and nobody gives way to what lies on the worker's own deque.
  constexpr std::size_t kMostAtOnce = 32;
  const std::size_t share = has_given_way_ ? 1 : std::min(kMostAtOnce, waiting / sharers + 1);
  RunQueues* const mine = queues_with_room(of, share);
  const std::size_t most = mine != nullptr ? share : 1;
  std::array<Job*, kMostAtOnce> jobs;
  std::size_t count = 0;
  pool_.idle_.answer(Idle::call_for(static_cast<Priority>(of)));
  injector.pop(most, [&](Job* job) { jobs[count++] = job; });
  call_for_the_rest();
  if (count == 0) return {};
  if (is_remote) {
    steals_.add(count);
    steals_remote_.add(count);
  }
  small_gets_ = waiting < kMostAtOnce ? small_gets_ + 1 : 0;
  if (count > 1) {
    mine->spawned.push_chain_reserved(count - 1, [&](std::size_t i) { return jobs[i + 1]; });
    notify_work(*this);
  }
  return {jobs[0], of};
}

/// Whoever answers a call takes one job, or a few: the others called as well.
void Worker::call_for_the_rest() noexcept {
  for (std::size_t of = 0; of < kPriorities; ++of) {
    if (pool_.is_anything_injected(of)) pool_.idle_.call(Idle::call_for(static_cast<Priority>(of)));
  }
}

Worker::Found Worker::find_stolen(std::size_t of) noexcept {
  // xorshift: thieves should not all begin with the same victim.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  Job* job = nullptr;
  const auto take_from = [&](unsigned victim, bool is_remote) {
    const std::uint64_t before = steals_.get();
    job = pool_.seats_[victim].steal_for(*this, of);
    if (is_remote && job != nullptr) steals_remote_.add(steals_.get() - before);
    return job != nullptr;
  };
  if (victims_.visit(static_cast<std::uint32_t>(random_ >> 32), take_from)) return {job, of};
  // Those without a place: spare workers, or all; and all for those who have none themselves.
  const unsigned first = has_victims_ ? static_cast<unsigned>(pool_.config_.plan.pus.size()) : 0;
  const unsigned count = pool_.seats_.count() - first;
  unsigned other = count == 0 ? 0 : static_cast<unsigned>(random_ % count);
  for (unsigned i = 0; i < count; ++i, other = other + 1 == count ? 0 : other + 1) {
    if (first + other != index && take_from(first + other, false)) break;
  }
  return {job, of};
}

Worker::Found Worker::find_for_fairness() noexcept {
  wake_due(Poller::Before::Work);
  // Each time another priority goes first, and each other time the oldest of the worker's own before the injected.
  const std::uint32_t round = fair_round_++;
  // Those of another arena may all be in jobs that last.
  if (round % kForeignFairRound == 0 && pool_.has_arenas()) {
    if (const Found found = find_in_other_arenas()) return found;
  }
  for (std::size_t i = 0; i < kPriorities; ++i) {
    const std::size_t of = (round + i) % kPriorities;
    if (round / kPriorities % 2 == 0) {
      if (const Found found = find_injected(of)) return found;
    }
    if (RunQueues* const mine = queues(of)) {
      Job* job = take_yielded(*mine);
      if (job == nullptr) job = mine->spawned.pop_oldest();
      if (job != nullptr) {
        if (of == static_cast<std::size_t>(Priority::High)) pool_.idle_.answer(Idle::kHighWaits);
        call_for_the_rest();
        return {job, of};
      }
    }
    if (const Found found = find_injected(of)) return found;
  }
  // What waits for another arena may have made this worker give way, and its call is answered with that.
  if (pool_.has_arenas()) call_for_the_rest();
  return {};
}

bool Worker::is_fair_turn() noexcept {
  if (--turns_to_fair_ != 0) [[likely]] return false;
  turns_to_fair_ = kFairTurn;
  return true;
}

Worker::Found Worker::find_work() noexcept {
  if (is_fair_turn()) [[unlikely]] {
    const Found found = find_for_fairness();
    has_given_way_ = false;
    if (found) return found;
  }
  const bool is_of_due = is_turn_of_due();
  bool has_looked = poller == nullptr;  // into the kernel
  for (std::size_t of = 0; of < kPriorities; ++of) {
    // What came from outside with high priority goes before a worker's own work; the rest after it.
    const bool is_high = of == static_cast<std::size_t>(Priority::High);
    if (is_high && is_anything_injected(of)) [[unlikely]] {
      if (const Found found = find_injected(of)) return found;
    }
    // Nor does it wait for its arena, if somebody was called for it, or this worker has answered. relaxed: a hint.
    if (is_high && pool_.has_arenas() && (must_look_for_high_ || (wake_hint->load(relaxed) & Idle::kHighWaits) != 0)) [[unlikely]] {
      if (const Found found = find_in_other_arenas(of)) return found;
    }
    // relaxed: set before the first job of the priority is pushed; a worker about to sleep looks at the queues themselves.
    if (pool_.is_used_[of].load(relaxed)) {
      if (const Found found = find_own(of, is_of_due)) return found;
      const bool is_last = !has_own_from(of + 1);
      if (is_last && !std::exchange(has_looked, true)) {
        if (const Found found = find_landed()) return found;
      }
      const bool is_called = is_high && std::exchange(must_look_for_high_, false);
      if (is_called || turns_to_fair_ % kHigherTurn == 0 || is_last) {
        if (const Found found = find_stolen(of)) return found;
      }
    }
    if (is_high) continue;  // looked for above
    if (const Found found = find_injected(of)) return found;
  }
  return {};
}

/// A worker that takes others' jobs as fast as they come, and looks again at once, takes the line of the queue away from those who push
/// for each job; and the slower they get, the less it finds (lib/DECISIONS.md, "a thief that keeps up").
void Worker::let_jobs_gather() noexcept {
  if (must_look_for_high_ || has_own_from(0)) return;
  count_off(*this);  // nobody waits for this pause; and it may wake somebody
  if (!has_own_from(0)) pause_between_looks();
}

/// For a worker that has nothing of its own left: what it has begun in the kernel is handed over, unless that is better done by its sleep, and what has
/// ended there goes before others' work. One that has ended alone is run without a way through the queues: of two sides that answer each other that is
/// every one.
Worker::Found Worker::find_landed() noexcept {
  const bool has_poller = poller != nullptr && run_by_ != RunBy::Guest;
  if (!has_poller || may_others_go_first()) return {};
  due_ = 0;  // nobody is left; thieves do not count
  Found found;
  if (!wake_due(Poller::Before::Sleep, &found) || found) return found;
  for (std::size_t of = 0; of < kPriorities && !found; ++of) found = find_own(of, false);
  return found;
}

/// Before it runs a job after all: what was kept back for its sleep would wait for the end of that, and of the next ones.
Worker::Found Worker::instead_of_sleep(Found found) noexcept {
  if (poller != nullptr && poller->keeps_back()) [[unlikely]] poller->poll(nullptr, Poller::Before::Work);
  return found;
}

Worker::Found Worker::find_more_work() noexcept {
  const Found found = look_for_more_work();
  return found ? instead_of_sleep(found) : found;
}

Worker::Found Worker::look_for_more_work() noexcept {
  if (small_gets_ > 1) let_jobs_gather();
  if (const Found found = find_work()) return found;
  Found landed;
  bool may_have_woken = wake_due(Poller::Before::Sleep, &landed);
  if (landed) return landed;
  if (ended.counter != nullptr) {
    count_off(*this);
    may_have_woken = true;
  }
  return may_have_woken ? find_work() : Found{};
}

}  // namespace weft::inline v0
