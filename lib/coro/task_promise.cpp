#include <weft/coro/task_promise.hpp>

#include <weft/base/error.hpp>
#include <weft/coro/when_all.hpp>

namespace weft::inline v0 {

namespace detail {

constinit thread_local WorkerContext* tls_worker [[gnu::tls_model("initial-exec")]] = nullptr;
constinit thread_local Trampoline* tls_trampoline [[gnu::tls_model("initial-exec")]] = nullptr;

void PromiseBase::fail() noexcept {
  std::construct_at(&error, std::current_exception());
  state = State::Error;
  const bool is_child = end != 0 && (end & kRoot) == 0;
  if (!is_child) return;
  Join& join = *reinterpret_cast<Join*>(end);
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

Job* finish_child(PromiseBase& child) noexcept { return pay_in(ForkChild{child}); }

Job* finish_child_in_pop(PromiseBase& child) noexcept {
  return pay_in_pop(ForkChild{child}, [] { notify_work(*current_worker()); });
}

void throw_empty_task() {
  throw UsageError(
      "weft: this Task is empty or has been awaited already; a Task is awaited once, so call the coroutine again for "
      "another one");
}

namespace {

bool is_cancellation(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const OperationCancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

void throw_first_error(PromiseBase* const* children, std::size_t count) {
  // A sibling that stopped because another failed reports the echo; the cause is what the caller wants to see.
  std::exception_ptr first;
  for (std::size_t i = 0; i < count; ++i) {
    std::exception_ptr error = children[i]->take_error();
    if (!error) continue;
    if (!is_cancellation(error)) std::rethrow_exception(std::move(error));
    if (!first) first = std::move(error);
  }
  std::rethrow_exception(first);
}

bool start_children_here(PromiseBase* const* children, std::size_t count, Join& join) {
  // One more than the children: the parent must not be resumed while this loop still reads the array.
  join.credits.without_chains(1);
  for (std::size_t i = 0; i < count; ++i) {
    children[i]->successor.sibling = nullptr;
    resume_job(job_of(children[i]->handle()));
  }
  return join.credits.pay(1);
}

}  // namespace detail

}  // namespace weft::inline v0
