/// @file
/// How a Runtime is made.
#pragma once

#include <exception>
#include <functional>
#include <string>

namespace weft::inline v0 {

/// All members have defaults that are right for most programs: `Runtime rt{{.workers = 4}};`
struct RuntimeOptions {
  /// Workers, 1 to 4096; 0 takes as many as the affinity mask, the cpuset and the cgroup's CPU quota allow.
  unsigned workers = 0;

  /// Of the threads, in the debugger and in top: "weft/0", "weft/1", ... The first 10 characters count.
  std::string name = "weft";

  /// Receives an exception that nobody can: of a detached task, or of work whose JoinHandle was dropped. An OperationCancelled is none:
  /// work that stopped as it was asked to has ended as it should. Must not throw.
  ///
  /// Threads:  any, several at once: the worker that ran the work, or whoever drops the handle.
  /// Lifetime: what it captures outlives the runtime and every JoinHandle of it.
  /// Default:  prints a line and calls std::terminate.
  std::function<void(std::exception_ptr)> on_unhandled = {};
};

}  // namespace weft::inline v0
