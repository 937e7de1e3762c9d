#include <weft/sync/event.hpp>

#include <weft/base/assert.hpp>
#include <weft/base/error.hpp>
#include <weft/coro/this_fiber.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

Event::~Event() {
  WEFT_CHECK(!word_.is_waited_for(), "an Event was destroyed while somebody waits for it: set it first, or let it outlive those who wait");
}

void Event::wait() {
  if (this_fiber::is_one()) return this_fiber::await(*this);
  if (current_worker() != nullptr) {
    throw UsageError(
        "weft: Event::wait was called on a worker, which would block it for others: co_await the event in a coroutine instead, or call it "
        "on a fiber (on_fiber, spawn_fiber)");
  }
  ThreadWaiter thread;
  if (!is_set() && word_.enter_unless_set(thread)) thread.wait();
}

}  // namespace weft::inline v0
