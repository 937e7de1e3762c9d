#include <weft/base/waiter.hpp>

#include "base/futex.hpp"
#include <weft/coro/transfer.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

namespace {

void wake_coroutine(Waiter* waiter) noexcept {
  auto& self = *static_cast<CoroutineWaiter*>(waiter);
  if (self.executor != nullptr) {
    self.executor->post_woken(self.link, self.priority, self.worker);
  } else {
    resume_job(self.link.job);
  }
}

}  // namespace

void CoroutineWaiter::suspend_here(Job* coroutine) noexcept {
  wake = wake_coroutine;
  link.job = coroutine;
  if (const WorkerContext* const worker = current_worker()) {
    executor = worker->executor;
    priority = worker->priority;
    this->worker = worker->index;
  }
}

ThreadWaiter::ThreadWaiter() noexcept {
  wake = [](Waiter* waiter) noexcept {
    auto* const word = &static_cast<ThreadWaiter*>(waiter)->woken_;
    // [thread_waiter.wake] release: what the waker did happens before wait() returns.
    word->store(1, release);
    // ---- the waiter may be gone from here (L4); the kernel is given the address only ----
    futex_wake(word, 1);
  };
}

void ThreadWaiter::wait() noexcept {
  // [thread_waiter.wake] acquire: pairs with the store in wake.
  while (woken_.load(acquire) == 0) futex_wait(woken_, 0);
}

}  // namespace weft::inline v0
