/// @file
/// The shared queue for work from outside, and for work that a full machine could not put anywhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include <weft/base/atomic.hpp>
#include <weft/base/cache_line.hpp>
#include <weft/base/job.hpp>

namespace weft::inline v0 {

/// An unbounded FIFO of jobs, linked through the jobs' own nodes: a push never allocates and never fails.
///
/// A mutex, not a lock-free list: the workers take jobs in batches, so that the lock is taken once per batch on their side
/// (lib/DECISIONS.md, "the injector").
///
/// Threads: any.
template <class Policy>
class BasicInjector {
 public:
  /// Appends a chain linked by `next`; `last->next` is ignored.
  void push_chain(JobLink* first, JobLink* last, std::size_t count) noexcept {
    last->next = nullptr;
    const std::lock_guard lock(mutex_);
    if (JobLink* const before = last_) {
      before->next = first;
    } else {
      first_ = first;
    }
    last_ = last;
    // [idle.inject] seq_cst: the job is counted before the pusher looks for sleepers; partner [idle.announce] and the
    // sleeper's last look in is_empty_hint().
    size_.store(size_.load(relaxed) + count, seq_cst);  // relaxed: only a holder of the mutex writes it
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
      const std::lock_guard lock(mutex_);
      first = first_;
      JobLink* last = nullptr;
      for (JobLink* link = first_; link != nullptr && count < most; link = link->next, ++count) last = link;
      if (count == 0) return 0;
      first_ = last->next;
      if (first_ == nullptr) last_ = nullptr;
      last->next = nullptr;
      // relaxed: only a holder of the mutex writes it, and a reader that sees the old value finds the queue empty.
      size_.store(size_.load(relaxed) - count, relaxed);
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
    // [idle.inject] seq_cst: the sleeper's last look comes after its announcement in the single order, so that a push which has not seen that
    // is seen here. Partner: [idle.announce].
    return size_.load(seq_cst);
  }

 private:
  template <class T>
  using Plain = typename Policy::template Plain<T>;

  alignas(kCacheLine) typename Policy::template Atomic<std::size_t> size_{0};
  typename Policy::Mutex mutex_;
  // ---- guarded by mutex_ ----
  Plain<JobLink*> first_{nullptr};
  Plain<JobLink*> last_{nullptr};
};

/// The policy that ships.
struct InjectorPolicy : HardwareAtomics {
  using Mutex = std::mutex;
};

using Injector = BasicInjector<InjectorPolicy>;

}  // namespace weft::inline v0
