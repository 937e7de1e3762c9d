#include <weft/coro/counter.hpp>

#include <exception>
#include <string>

#include <weft/base/error.hpp>
#include <weft/coro/this_fiber.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

static_assert(sizeof(Counter) <= 32, "counters stand in arrays and in task frames by the thousand");

Counter::~Counter() {
  // The exception itself cannot be had: nobody has caught it yet.
  WEFT_CHECK(word_.is_complete(), std::uncaught_exceptions() > 0
                                      ? "a Counter was destroyed while it still counts, and an exception is under way that may be the reason (in "
                                        "gdb: catch throw): catch it and wait for the counter before it goes out of scope"
                                      : "a Counter was destroyed while it still counts: co_await it (or call wait) before it goes out of scope");
  std::exception_ptr error = word_.unseen_error();
  if (error && !detail::is_cancellation(error)) {
    // Nobody awaited the counter after the job failed; an exception is never dropped in silence.
    std::rethrow_exception(std::move(error));  // out of a destructor: std::terminate, with the exception at hand
  }
}

void Counter::settle() noexcept {
  CounterWaiter* entry = word_.settle();
  // ---- *this may be gone (L4) ----
  while (entry != nullptr) {
    CounterWaiter* const next = entry->next;  // before the wake: the node may be gone after it (L5)
    entry->waiter->wake(entry->waiter);
    entry = next;
  }
}

bool Counter::try_register(CounterWaiter& waiter) noexcept { return word_.try_register(waiter); }

void Counter::reset(std::uint32_t n) noexcept {
  WEFT_CHECK(word_.is_complete(), "Counter::reset: the counter is not zero, or somebody waits for it");
  word_.reset(n);
}

void Counter::wait() { detail::wait_for(*this, "Counter::wait"); }

void detail::wait_for(Counter& counter, const char* what) {
  if (this_fiber::is_one()) return this_fiber::wait(counter);
  if (current_worker() != nullptr) {
    throw UsageError(std::string("weft: ") + what +
                     " was called on a worker, which would block it for others: use co_await in a coroutine instead, or wait on a fiber "
                     "(on_fiber, spawn_fiber)");
  }
  ThreadWaiter thread;
  CounterWaiter entry;
  entry.waiter = &thread;
  if (!counter.look(entry) && counter.try_register(entry)) thread.wait();
  // ---- the counter may be gone (L4) ----
  entry.rethrow();
}

void Counter::fail(std::exception_ptr error) noexcept { word_.keep_error(std::move(error)); }

void Counter::rethrow() {
  CounterWaiter nobody;
  if (look(nobody)) nobody.rethrow();
}

}  // namespace weft::inline v0
