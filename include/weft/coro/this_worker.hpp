/// @file
/// What code on a worker can know of it.
#pragma once

#include <source_location>

#include <weft/coro/worker_context.hpp>
#include <weft/fiber/stay_here.hpp>

namespace weft::inline v0 {

namespace detail {
[[noreturn]] WEFT_API WEFT_COLD void throw_no_worker();
}  // namespace detail

inline namespace WEFT_ASSERTS_NAMESPACE {

/// The worker that runs this code, for what a program keeps for each worker: `slots[worker.index()]`, with RuntimeOptions::workers and
/// spare_workers slots together.
///
/// Threads:  the one that made it. A fiber or coroutine that suspends may go on upon another worker: make a new one then (L7). With internal
///           checks a fiber that suspends while it has one ends the process with a message.
/// Errors:   UsageError when made on no worker.
class WorkerHandle {
 public:
  explicit WorkerHandle(const std::source_location& where = std::source_location::current())
      : worker_(current_worker()), mark_("a WorkerHandle", where) {
    if (worker_ == nullptr) [[unlikely]] detail::throw_no_worker();
  }
  WorkerHandle(const WorkerHandle&) = delete;
  WorkerHandle& operator=(const WorkerHandle&) = delete;

  /// From 0; from count() on it is a spare worker, which was made while others were blocked.
  [[nodiscard]] unsigned index() const noexcept { return worker_->index; }
  /// The workers of the runtime, without spare ones.
  [[nodiscard]] unsigned count() const noexcept { return worker_->worker_count; }
  [[nodiscard]] Priority priority() const noexcept { return worker_->priority; }

 private:
  const WorkerContext* const worker_;
  [[no_unique_address]] StayHere mark_;
};

}  // namespace WEFT_ASSERTS_NAMESPACE

}  // namespace weft::inline v0
