#include <cerrno>
#include <utility>

#include "fiber/fiber_depot.hpp"
#include <weft/base/error.hpp>
#include <weft/coro/blocking.hpp>
#include <weft/coro/on_fiber.hpp>
#include <weft/coro/spawn_fiber.hpp>
#include <weft/coro/this_fiber.hpp>
#include <weft/coro/this_worker.hpp>

namespace weft::inline v0::detail {

void throw_no_fiber(const char* what) {
  throw UsageError(std::string("weft: ") + what +
                   " was called where no fiber runs: only code inside on_fiber or spawn_fiber can be suspended; a coroutine co_awaits");
}

void throw_no_worker() {
  throw UsageError("weft: a WorkerHandle was made where no worker runs: only tasks, jobs and fibers of a runtime have one");
}

void set_errno(int value) noexcept {
  errno = value;
  __asm__ volatile("" : : : "memory");
}

// ---- fibers and the worker that runs this code ----

Fiber& take_fiber(std::size_t stack_size) {
  if (WorkerContext* const worker = current_worker()) return worker->fibers.take(worker->fibers.class_for(stack_size));
  const std::uint32_t size_class = StackSize::checked_class(stack_size != 0 ? stack_size : StackSize::kDefault);
  return *FiberDepot::here().take(size_class, 1).first;
}

void put_fiber(Fiber& fiber) noexcept {
  if (WorkerContext* const worker = current_worker()) {
    worker->fibers.put(fiber);
  } else {
    FiberDepot::put_home(fiber);
  }
}

// ---- awaited ----

Job* AwaitedFiberEnd::resume_awaiting(AfterSwitch& after, Fiber& fiber) noexcept {
  FiberAwaiting& awaiting = static_cast<AwaitedFiberEnd&>(after).awaiting;
  awaiting.waits = false;
  put_fiber(fiber);  // and with it `after`
  WorkerContext* const worker = current_worker();
  if (worker == nullptr || worker->priority == awaiting.home) [[likely]] return awaiting.job;
  awaiting.link = JobLink{awaiting.job, nullptr};
  worker->enqueue(awaiting.link, awaiting.home);
  return nullptr;
}

// ---- spawned ----

bool begin_fiber(FiberJob& job, Fiber::Main main) noexcept {
  Fiber* fiber = nullptr;
  try {
    fiber = &take_fiber(job.stack_size * FiberJob::kUnit);
  } catch (...) {
    fiber_failed({job.counter(), domain_of(job.scope)});
    return false;
  }
  fiber->begin(main, &job, job.scope, job.origin);
  if (job.is_painted) [[unlikely]] fiber->paint();
  // From here on it is the fiber that the loop has resumed: what the fiber awaits looks there whether it may hand the thread on.
  if (Trampoline* const loop = slot_trampoline(); loop != nullptr && loop->running == &job) loop->running = fiber->job();
  fiber->job()->resume(fiber->job());
  return true;
}

void fiber_failed(const FiberOwner& owner) noexcept {
  if (owner.counter != nullptr) {
    owner.counter->fail(std::current_exception());
  } else {
    owner.domain->unhandled(std::current_exception());
  }
}

namespace {

/// Counts off a fiber that has ended on a worker of another runtime, or on none.
WEFT_COLD void count_off_elsewhere(const FiberOwner& owner) noexcept {
  if (owner.counter != nullptr) owner.counter->sub();
  // ---- the counter may be gone (L4) ----
  owner.domain->root_finished();
}

}  // namespace

void count_fiber_off(const FiberOwner& owner) noexcept {
  const WorkerContext* const worker = current_worker();
  if (worker == nullptr || worker->domain != owner.domain) [[unlikely]] return count_off_elsewhere(owner);
  job_ended(owner.counter);
}

Job* SpawnedFiberEnd::count(AfterSwitch& after, Fiber& fiber) noexcept {
  const FiberOwner owner = static_cast<SpawnedFiberEnd&>(after).owner;
  put_fiber(fiber);  // and with it `after`
  count_fiber_off(owner);
  return nullptr;
}

}  // namespace weft::inline v0::detail
