#include <weft/sync/mutex.hpp>

#include <weft/base/assert.hpp>
#include <weft/base/error.hpp>
#include <weft/coro/this_fiber.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

static_assert(sizeof(Mutex) == 2 * sizeof(void*), "a mutex stands beside the data that it guards");

Mutex::~Mutex() {
  WEFT_CHECK(word_.is_free(),
             "a Mutex was destroyed while somebody holds it or waits for it: it outlives its MutexLocks and whoever awaits lock()");
}

MutexLock Mutex::lock_blocking() {
  if (this_fiber::is_one()) return this_fiber::await(lock());
  if (current_worker() != nullptr) {
    throw UsageError(
        "weft: Mutex::lock_blocking was called on a worker, which would block it for others: co_await mutex.lock() in a "
        "coroutine instead, or call it on a fiber (on_fiber, spawn_fiber)");
  }
  if (!word_.try_lock()) {
    ThreadWaiter thread;
    if (!word_.lock_or_enter(thread)) thread.wait();
  }
  return MutexLock(this);
}

void MutexLock::throw_holds_nothing() {
  throw UsageError(
      "weft: MutexLock::unlock was called on a lock that holds nothing: it was moved from or unlocked before, or its try_lock "
      "failed");
}

}  // namespace weft::inline v0
