#include <weft/io/operation.hpp>

#include <cerrno>
#include <new>
#include <system_error>

#include "io/driver.hpp"
#include <weft/base/assert.hpp>
#include <weft/base/error.hpp>
#include <weft/coro/worker_context.hpp>

namespace weft::inline v0::detail {

namespace {

/// The driver of the worker that runs this code, made if there is none.
///
/// Errors: see make_io_driver().
IoDriver& driver_of(WorkerContext& worker) {
  if (worker.poller == nullptr) [[unlikely]] {
    worker.adopt(make_io_driver(worker.io_backend, worker.run_by() == WorkerContext::RunBy::OwnThread));
    // [io.adopt] seq_cst: the driver is there before the look at the stop that is to follow: who stops the domain has that look see it, or finds the
    // driver. Partner: the full_fence() in Pool::stop_tasks().
    full_fence();
  }
  return static_cast<IoDriver&>(*worker.poller);
}

/// Whether the thread here may use the worker's driver, or make one.
bool may_begin_on(const WorkerContext& worker) noexcept {
  if (worker.run_by() == WorkerContext::RunBy::Guest) return false;
  // A guest was the only thread once, and others have begun since.
  return worker.run_by() == WorkerContext::RunBy::OwnThread || worker.poller == nullptr || worker.poller->owner() == 0;
}

/// Of an operation that has begun: whoever watches looks into drivers seldom while there are none, and this worker may be about to run a job that lasts.
void tell_who_watches(WorkerContext& worker, const IoDriver& driver) noexcept {
  light_fence();  // the operation is counted before the look; whoever watches has the heavy half, or looks often anyway
  if (!driver.is_watched()) [[unlikely]] worker.timer_is_first(0);
}

}  // namespace

bool IoOperation::begin(Job* waiting, StopScope* scope, Meanwhile meanwhile) {
  WorkerContext* const worker = current_worker();
  if (worker == nullptr) {
    throw UsageError(
        "weft: an I/O operation was awaited on a thread that is no worker, and so has nobody who asks the kernel for its end: await it in a task that "
        "runs on a Runtime or inside sync_wait");
  }
  const bool is_here = may_begin_on(*worker);
  if (is_here) driver_ = &driver_of(*worker);
  scope_ = scope;
  if (scope != nullptr && scope->stop_requested()) {
    result_ = -ECANCELED;
    return false;
  }
  waiter_.suspend_here(waiting);
  // Before it is started: afterwards somebody else may run the coroutine already. Operations in no other scope than the domain are all in the drivers
  // of its workers, so whoever stops the domain finds them there (Pool::stop_tasks).
  if (scope != nullptr && scope != worker->domain) {
    std::construct_at(&on_stop_, scope->token(), OnStop{this});
    has_callback_ = true;
  }
  is_begun_ = true;
  if (!is_here) {
    begin_elsewhere(*worker);
    return true;
    // ---- *this may be gone (L4) ----
  }
  IoDriver& driver = *driver_;
  // What is begun one after another goes to the kernel together; but nothing will follow where nobody is ready.
  const auto hand_over = meanwhile == Meanwhile::Waits && !worker->has_ready_work() ? IoDriver::HandOver::Now : IoDriver::HandOver::WithOthers;
  if (driver.start(*this, hand_over)) {
    // ---- *this may be gone (L4) ----
    driver.note_suspended();
    tell_who_watches(*worker, driver);
    return true;
  }
  if (result_ != -ECANCELED && driver_->must_give_way(result_)) {
    worker->enqueue_last(waiter_.link, waiter_.priority);
    worker->be_fair();
    return true;
  }
  is_begun_ = false;
  return false;
}

/// The thread here may leave, and nobody else could use a driver that it makes: so a worker that stays is to begin.
void IoOperation::begin_elsewhere(WorkerContext& worker) noexcept {
  std::construct_at(&elsewhere_);
  static_cast<Job&>(elsewhere_) = marked_job(
      [](Job* job) {
        IoOperation& self = *static_cast<Elsewhere*>(job)->operation;
        WorkerContext& here = *current_worker();
        if (!may_begin_on(here)) return self.begin_elsewhere(here);
        try {
          self.driver_ = &driver_of(here);
          IoDriver& driver = *self.driver_;
          if (driver.start(self, IoDriver::HandOver::WithOthers)) return tell_who_watches(here, driver);
          // ---- it may be gone if that has returned true (L4) ----
        } catch (const std::system_error& error) {
          self.result_ = -error.code().value();
        } catch (const std::bad_alloc&) {
          self.result_ = -ENOMEM;
        }
        self.waiter_.wake(&self.waiter_);
      },
      nullptr);
  elsewhere_.operation = this;
  elsewhere_.link = {&elsewhere_, nullptr};
  worker.executor->post(elsewhere_.link, waiter_.priority);
}

std::int32_t IoOperation::end() {
  // Waits for a callback that has come too late and is still on its way out.
  drop_callback();
  is_begun_ = false;
  // What a thread of the kernel's was doing, a stop interrupts like a signal.
  const bool may_be_stop = result_ == -ECANCELED || (result_ == -EINTR && code != IoCode::Close);
  if (may_be_stop && scope_ != nullptr && scope_->stop_requested()) throw OperationCancelled();
  return result_;
}

void IoOperation::refuse_to_die() noexcept {
  WEFT_CHECK(false, "a coroutine was destroyed while the kernel does an operation for it: let it end first (request a stop, and await it)");
  std::abort();
}

void IoOperation::OnStop::operator()() const noexcept {
  if (operation->stop_.ask()) operation->driver_->ask_to_stop(*operation);
}

}  // namespace weft::inline v0::detail
