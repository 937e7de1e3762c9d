#include <weft/coro/counter.hpp>

#include <weft/base/error.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0 {

Counter::~Counter() {
  WEFT_CHECK(word_.is_complete(),
             "a Counter was destroyed while it still counts: co_await it (or call wait) before it goes out of scope");
  if (word_.has_unseen_error()) {
    // Nobody awaited the counter after the job failed; an exception is never dropped in silence.
    std::rethrow_exception(error_);  // out of a destructor: std::terminate, with the exception at hand
  }
}

void Counter::finish(std::uint32_t owed) noexcept { wake_all(word_.finish(owed)); }

void Counter::reset(std::uint32_t n) noexcept {
  WEFT_CHECK(word_.is_complete(), "Counter::reset: the counter is not zero, or somebody waits for it");
  error_ = nullptr;
  word_.reset(n);
}

void Counter::wait() {
  if (current_worker() != nullptr) {
    throw UsageError(
        "weft: Counter::wait was called on a worker, which would block it for others: co_await the counter in a "
        "coroutine instead");
  }
  ThreadWaiter waiter;
  if (!is_complete() && try_register(waiter)) waiter.wait();
  rethrow();
}

void Counter::fail(std::exception_ptr error) noexcept {
  word_.keep_error([&]() noexcept { error_ = std::move(error); });
}

void Counter::rethrow_slow() const {
  word_.mark_error_seen();
  std::rethrow_exception(error_);
}

}  // namespace weft::inline v0
