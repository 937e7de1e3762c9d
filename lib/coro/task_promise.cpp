#include <weft/coro/task_promise.hpp>

#include <utility>

#include <weft/base/error.hpp>
#include <weft/coro/when_all.hpp>

namespace weft::inline v0 {

namespace detail {

WEFT_DEFINE_THREAD_SLOT(WorkerContext, worker)
WEFT_DEFINE_THREAD_SLOT(WorkerContext, worker_after_call)

WorkerContext* set_current_worker(WorkerContext* worker) noexcept {
  WorkerContext* const before = slot_worker();
  set_slot_worker(worker);
  set_slot_worker_after_call(worker);
  set_slot_forking_worker(worker);
  set_slot_frame_area(worker != nullptr ? &worker->frame_area : nullptr);
  return before;
}

void PromiseBase::fail(Job* self) noexcept {
  PromiseBase& promise = promise_of(self);
  std::construct_at(&promise.error_, std::current_exception());
  promise.status_.state = State::Error;
  const std::uintptr_t end = promise.how_it_ends();
  const bool is_child = end == kChild || end == kLastChild || end == kMovedChild;
  if (!is_child) return;
  StopScope& scope = promise.join().scope;
  if (scope.on_error() == StopScope::OnError::StopOthers) scope.request_stop();
}

std::exception_ptr PromiseBase::take_error() noexcept {
  if (state() != State::Error) return nullptr;
  std::exception_ptr taken = std::move(error_);
  drop_error();
  return taken;
}

void PromiseBase::rethrow() { std::rethrow_exception(take_error()); }

void PromiseBase::drop_error() noexcept {
  std::destroy_at(&error_);
  status_.state = State::Pending;
}

void PromiseBase::move_to(Priority to, Priority from) noexcept {
  const std::uintptr_t end = how_it_ends();
  if (end == kRoot) return;  // nobody goes on after it
  const bool is_moved = end == kMovedChild || end == kMovedAwaited;
  if (!is_moved) status_.home = from;
  if (to == status_.home && !is_moved) return;
  // A child that was away stays one that ends by itself: its sibling may be anywhere by now.
  const bool is_awaited = end == kAwaited || end == kMovedAwaited;
  end_ = (end_ & ~kEndBits) | (is_awaited ? (to == status_.home ? kAwaited : kMovedAwaited) : kMovedChild);
}

Job* finish_unusual(Job* task) noexcept {
  PromiseBase& promise = promise_of(task);
  const std::uintptr_t end = promise.how_it_ends();
  if (end == PromiseBase::kRoot) {
    finish_root(promise);
    return nullptr;
  }
  const Priority home = promise.home_priority();
  // The siblings wait in the queues of the home priority, so the chain of a child ends here.
  Job* const next = end == PromiseBase::kMovedAwaited ? promise.next() : pay_in(ForkChild{task});
  WorkerContext* const worker = current_worker();
  if (next == nullptr || worker == nullptr || worker->priority == home) return next;
  // The node lies in this task, whose frame is there until `next` goes on.
  promise.link() = JobLink{next, nullptr};
  worker->enqueue(promise.link(), home);
  return nullptr;
}

Job* finish_child(Job* child) noexcept { return pay_in(ForkChild{child}); }

Job* finish_child_in_pop(Job* child) noexcept {
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

void throw_list_changed() {
  throw UsageError("weft: a TaskList was changed between when_all and co_await; add all tasks first");
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
  child.end_alone();
  resume_job(job_of(child.handle()));
}

}  // namespace detail

}  // namespace weft::inline v0
