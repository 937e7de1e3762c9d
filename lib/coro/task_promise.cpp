#include <weft/coro/task_promise.hpp>

#include <utility>

#include <weft/base/error.hpp>
#include <weft/coro/when_all.hpp>

namespace weft::inline v0 {

namespace detail {

constinit thread_local WorkerContext* tls_worker [[gnu::tls_model("initial-exec")]] = nullptr;
constinit thread_local Trampoline* tls_trampoline [[gnu::tls_model("initial-exec")]] = nullptr;

void PromiseBase::fail() noexcept {
  std::construct_at(&error, std::current_exception());
  state = State::Error;
  const std::uintptr_t ends = end & ~std::uintptr_t{kMoved};
  const bool is_child = ends != 0 && (ends & kRoot) == 0;
  if (!is_child) return;
  Join& join = *reinterpret_cast<Join*>(ends);
  if (join.stops_on_error) join.scope.request_stop();
}

std::exception_ptr PromiseBase::take_error() noexcept {
  if (state != State::Error) return nullptr;
  std::exception_ptr taken = std::move(error);
  drop_error();
  return taken;
}

void PromiseBase::rethrow() { std::rethrow_exception(take_error()); }

void PromiseBase::drop_error() noexcept {
  std::destroy_at(&error);
  state = State::Pending;
}

Job* finish_unusual(PromiseBase& promise) noexcept {
  promise.end &= ~std::uintptr_t{PromiseBase::kMoved};
  if ((promise.end & PromiseBase::kRoot) != 0) {
    finish_root(promise);
    return nullptr;
  }
  const Priority home = promise.home_priority;
  // The siblings wait in the queues of the home priority, so the chain ends here.
  Job* const next = promise.end == 0 ? promise.successor.awaiter : pay_in(ForkChild{promise});
  WorkerContext* const worker = current_worker();
  if (next == nullptr || worker == nullptr || worker->priority == home) return next;
  // The node lies in this task, whose frame is there until `next` goes on.
  promise.link = JobLink{next, nullptr};
  worker->enqueue(promise.link, home);
  return nullptr;
}

Job* finish_child(PromiseBase& child) noexcept { return pay_in(ForkChild{child}); }

Job* finish_child_in_pop(PromiseBase& child) noexcept {
  return pay_in_pop(ForkChild{child}, [] { notify_work(*current_worker()); });
}

void throw_empty_task() {
  throw UsageError(
      "weft: this Task is empty or has been awaited already; a Task is awaited once, so call the coroutine again for "
      "another one");
}

void throw_fork_awaited_twice() {
  throw UsageError("weft: these tasks have run already; what when_all returns is awaited once, so call it again with new tasks");
}

void FirstError::consider(PromiseBase& child) noexcept {
  if (has_cause_) return;
  std::exception_ptr error = child.take_error();
  if (!error) return;
  has_cause_ = !is_cancellation(error);
  if (has_cause_ || !error_) error_ = std::move(error);
}

void FirstError::rethrow() { std::rethrow_exception(std::exchange(error_, nullptr)); }

void start_child_here(PromiseBase& child) {
  child.successor.sibling = nullptr;
  resume_job(job_of(child.handle()));
}

}  // namespace detail

}  // namespace weft::inline v0
