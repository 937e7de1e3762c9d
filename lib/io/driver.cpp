#include "io/driver.hpp"

#include <array>
#include <string>
#include <system_error>
#include <utility>

#include "io/tsan.hpp"
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0::detail {

void IoDriver::ask_to_stop(IoOperation& operation) noexcept {
  push_stop_request(operation);
  // ---- the operation may be gone from here, but for its callback, which calls this ----
  notify();
}

void IoDriver::push_stop_request(IoOperation& operation) noexcept {
  // relaxed: the exchange below publishes it.
  IoOperation* first = stop_requests_.load(relaxed);
  do {
    operation.next_to_stop_ = first;
    // [io.stop] release: the link; partner: take_stop_requests(). relaxed: on failure only the value is used.
  } while (!stop_requests_.compare_exchange_weak(first, &operation, release, relaxed));
}

void IoDriver::ask_to_stop_all() noexcept {
  // [io.stop] release: the stop of the domain; partner: take_stop_all().
  stop_all_.store(true, release);
}

bool IoDriver::take_stop_all() noexcept {
  // relaxed: as in is_stop_asked().
  if (!stop_all_.load(relaxed)) [[likely]] return false;
  // [io.stop] acquire: pairs with ask_to_stop_all().
  return stop_all_.exchange(false, acquire);
}

bool IoDriver::is_refused(IoOperation& operation) noexcept {
  // Who is in no other scope than the domain has no callback, and nobody asks for its stop alone.
  const bool is = operation.has_callback_ ? !operation.stop_.start() : operation.scope_ != nullptr && operation.scope_->stop_requested();
  if (is) operation.result_ = -ECANCELED;
  return is;
}

bool IoDriver::is_over(IoOperation& operation, std::int32_t result) noexcept {
  note_landed(&operation);
  operation.result_ = result;
  return !operation.has_callback_ || operation.stop_.land();
}

void IoDriver::Landed::push(IoOperation& operation, std::int32_t result) noexcept {
  if (is_over(operation, result)) push_ready(operation);
}

void IoDriver::Landed::push_ready(IoOperation& operation) noexcept {
  operation.next_ = last_;
  last_ = &operation;
}

namespace {

/// Waiting coroutines, linked, the last first.
struct Row {
  JobLink* last = nullptr;
  JobLink** end = &last;
  unsigned count = 0;

  void add(JobLink& link) noexcept {
    link.next = nullptr;
    *end = &link;
    end = &link.next;
    ++count;
  }
};

}  // namespace

bool IoDriver::Landed::wake(Next* next) noexcept {
  if (last_ == nullptr) return false;
  WorkerContext* const worker = current_worker();
  const auto is_of_this_worker = [worker](const CoroutineWaiter& waiter) {
    return worker != nullptr && waiter.executor == worker->executor && waiter.worker == worker->index;
  };
  if (next != nullptr && last_->next_ == nullptr && is_of_this_worker(last_->waiter_)) {
    const CoroutineWaiter& waiter = std::exchange(last_, nullptr)->waiter_;
    *next = {waiter.link.job, waiter.priority};
    return true;
  }
  std::array<Row, kPriorities> mine;
  IoOperation* others = nullptr;
  for (IoOperation* operation = std::exchange(last_, nullptr); operation != nullptr;) {
    IoOperation* const before = operation->next_;
    CoroutineWaiter& waiter = operation->waiter_;
    WEFT_PREFETCH_READ(waiter.link.job);  // suspended long ago, as a rule
    if (is_of_this_worker(waiter)) {
      mine[static_cast<std::size_t>(waiter.priority)].add(waiter.link);
    } else {
      operation->next_ = others;
      others = operation;
    }
    operation = before;
  }
  // Behind those that have landed before. On top of them a worker that always finds something new would leave the first ones for ever.
  for (std::size_t of = 0; of < kPriorities; ++of) {
    if (mine[of].count != 0) worker->enqueue_due(mine[of].last, mine[of].count, static_cast<Priority>(of));
  }
  // ---- the operations of this worker may be gone: a thief may have taken them (L5) ----
  while (others != nullptr) {
    CoroutineWaiter& waiter = std::exchange(others, others->next_)->waiter_;
    waiter.wake(&waiter);
  }
  return true;
}

namespace {

[[noreturn]] void throw_no_rings(int error) {
  std::string text = "weft: io_uring, which RuntimeOptions::io_backend asks for, does not work here (IoBackend::Auto would use epoll instead";
  if (error == ENOMEM) text += "; rings may count as locked memory: ulimit -l";
  throw std::system_error(error, std::system_category(), text + ")");
}

}  // namespace

void check(IoBackend wish) {
  int error = 0;
  if (wish == IoBackend::Uring && make_uring_driver(error) == nullptr) throw_no_rings(error);
}

IoBackend resolved(IoBackend wish) noexcept {
  if (wish != IoBackend::Auto) return wish;
  // That it did not work is asked again: it may have been for want of descriptors.
  static Atomic<bool> has_worked{false};
  int error = 0;
  // relaxed, both: an answer, and nothing else.
  if (!has_worked.load(relaxed) && make_uring_driver(error) == nullptr) return IoBackend::Epoll;
  has_worked.store(true, relaxed);
  return IoBackend::Uring;
}

std::unique_ptr<IoDriver> make_io_driver(IoBackend wish, bool is_bound_to_thread) {
  int error = 0;
  if (wish != IoBackend::Epoll && is_bound_to_thread) {
    if (auto driver = make_uring_driver(error)) return driver;
  }
  // Who has asked for it gets it or an error; but where there is no thread, there is no ring.
  if (wish == IoBackend::Uring && is_bound_to_thread) throw_no_rings(error);
  return make_epoll_driver();
}

}  // namespace weft::inline v0::detail
