/// @file
/// The shared queue for work from outside, and for work that a full machine could not put anywhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/adaptive_mutex.hpp"
#include <weft/base/atomic.hpp>
#include <weft/base/cache_line.hpp>
#include <weft/base/job.hpp>

namespace weft::inline v0 {

/// An unbounded FIFO of jobs, linked through the jobs' own nodes: a push never allocates and never fails.
///
/// Mutexes, not a lock-free list: the workers take jobs in batches, so that a lock is taken once per batch on their side
/// (lib/DECISIONS.md, "the injector"). Two lists with a mutex each, so that nobody who pushes waits while a worker goes through
/// nodes that lie in somebody else's cache: a worker takes all that was pushed in one step and then goes through that.
///
/// Threads: any.
/// Source:  the two locks after M. Michael, M. Scott, "Simple, Fast, and Practical Non-Blocking and Blocking Concurrent Queue
///          Algorithms", PODC 1996.
template <class Policy>
class BasicInjector {
 public:
  /// Appends a chain linked by `next`; `last->next` is ignored.
  void push_chain(JobLink* first, JobLink* last, std::size_t count) noexcept {
    last->next = nullptr;
    const std::lock_guard lock(pushed_mutex_);
    if (JobLink* const before = last_pushed_) {
      before->next = first;
    } else {
      pushed_ = first;
    }
    last_pushed_ = last;
    // A step of its own and no load and store: who pops subtracts under the other mutex. The fences of both sides would be enough
    // (sched/README.md, "edges"); on a locked addition the order costs nothing, and so this line does not depend on them.
    // [idle.inject] seq_cst: the store of a store-load pair: the job is counted before the pusher looks for sleepers.
    // Partner: [idle.announce], and behind it the sleeper's last look in size_hint().
    size_.fetch_add(count, seq_cst);
  }

  void push(JobLink& link) noexcept { push_chain(&link, &link, 1); }

  /// Takes up to `most` jobs, oldest first, and calls `take(Job*)` for each, outside the lock.
  ///
  /// @return  how many
  template <class Take>
  std::size_t pop(std::size_t most, Take take) noexcept {
    if (is_empty_hint()) return 0;
    JobLink* first = nullptr;
    std::size_t count = 0;
    {
      const std::lock_guard lock(oldest_mutex_);
      if (oldest_ == nullptr) oldest_ = take_pushed();
      first = oldest_;
      JobLink* last = nullptr;
      for (JobLink* link = first; link != nullptr && count < most; link = link->next, ++count) last = link;
      if (count == 0) return 0;
      oldest_ = last->next;
      last->next = nullptr;
      // relaxed: nothing is published by it, and whoever reads the old value finds less than it expects, or nothing. It cannot come before
      // the addition: that was made under pushed_mutex_, which take_pushed() has taken since.
      size_.fetch_sub(count, relaxed);
    }
    for (JobLink* link = first; link != nullptr;) {
      JobLink* const next = link->next;
      take(link->job);  // the node may be gone after this
      link = next;
    }
    return count;
  }

  [[nodiscard]] bool is_empty_hint() const noexcept { return size_hint() == 0; }

  [[nodiscard]] std::size_t size_hint() const noexcept {
    // [idle.inject] seq_cst: the load of that pair: the sleeper's last look comes after its announcement in the single order, so that a
    // push which has not seen the announcement is seen here. Partner: [idle.announce], and [idle.inject] in push_chain().
    return size_.load(seq_cst);
  }

 private:
  template <class T>
  using Plain = typename Policy::template Plain<T>;

  [[nodiscard]] JobLink* take_pushed() noexcept {
    const std::lock_guard lock(pushed_mutex_);
    last_pushed_ = nullptr;
    JobLink* const first = pushed_;
    pushed_ = nullptr;
    return first;
  }

  alignas(kCacheLine) typename Policy::template Atomic<std::size_t> size_{0};
  typename Policy::Mutex pushed_mutex_;
  // ---- guarded by pushed_mutex_ ----
  Plain<JobLink*> pushed_{nullptr};
  Plain<JobLink*> last_pushed_{nullptr};
  // ---- for those who pop; taken before the other one ----
  alignas(kCacheLine) typename Policy::Mutex oldest_mutex_;
  // ---- guarded by oldest_mutex_ ----
  Plain<JobLink*> oldest_{nullptr};  // pushed before all of pushed_
};

/// The policy that ships.
struct InjectorPolicy : HardwareAtomics {
  using Mutex = AdaptiveMutex;
};

using Injector = BasicInjector<InjectorPolicy>;

}  // namespace weft::inline v0
