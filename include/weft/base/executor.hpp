/// @file
/// The one door through which a job becomes runnable.
#pragma once

#include <weft/base/job.hpp>
#include <weft/base/priority.hpp>

namespace weft::inline v0 {

/// Somebody who runs jobs: a Runtime's pool, or the loop inside sync_wait().
class Executor {
 public:
  /// Makes `link.job` runnable.
  ///
  /// Post:     the job runs exactly once, on a thread of this executor.
  /// Threads:  any.
  /// Lifetime: `link` stays alive until the job starts; the executor outlives the call.
  /// Errors:   none: never allocates, never fails.
  virtual void post(JobLink& link, Priority priority) noexcept = 0;

  /// The same for one that was suspended on a worker of this executor: that one is preferred, if it is idle and has run it not long ago.
  virtual void post_woken(JobLink& link, Priority priority, unsigned /*last_worker*/) noexcept { post(link, priority); }

  /// Makes a chain of `count` jobs runnable, linked from `first` by `next` (null after the last).
  virtual void post_chain(JobLink* first, unsigned count, Priority priority) noexcept = 0;

 protected:
  Executor() = default;
  Executor(const Executor&) = default;
  Executor& operator=(const Executor&) = default;
  ~Executor() = default;
};

}  // namespace weft::inline v0
