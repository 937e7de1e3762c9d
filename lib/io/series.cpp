#include <weft/io/series.hpp>

#include <cerrno>
#include <utility>

#include "io/perform.hpp"
#include <weft/base/error.hpp>
#include <weft/base/resume_job.hpp>

namespace weft::inline v0::detail {

namespace {

/// Whether the kernel waits until it can be done. It gives that up (EAGAIN) for files that do not block, if it has been woken in vain often: 128 times,
/// by others who were faster; or without end, by a peer that has shut its side down, which wakes those who want to write, too.
bool is_waiting(IoCode code) noexcept {
  return is_transfer(code) || code == IoCode::SendMsg || code == IoCode::ReceiveMsg || code == IoCode::Accept;
}

}  // namespace

IoSeries::~IoSeries() = default;

bool IoSeries::begin(Job* waiting, StopScope* scope) {
  static_cast<Job&>(step_) = marked_job([](Job* job) { static_cast<StepJob*>(job)->series->step(); }, nullptr);
  step_.series = this;
  // Operations look for themselves; but a series may have something to do before the first one, or none.
  if (scope != nullptr && scope->stop_requested()) throw OperationCancelled();
  waiting_ = waiting;
  scope_ = scope;
  return go_on();
  // ---- *this may be gone if that has returned true (L4) ----
}

/// What a signal has interrupted, or the kernel did not wait for, has done nothing: it is asked for again, in the second case when a poll says that it can be
/// done.
void IoSeries::take_end() {
  const std::int32_t result = operation_->end();
  if (result == -EINTR) return;
  const bool was_awaited = std::exchange(awaited_, 0) != 0;
  if (was_awaited && result >= 0) return;
  if (result == -EAGAIN && is_waiting(operation_->code)) [[unlikely]] {
    awaited_ = events_of(*operation_);
    return take_refusal();
  }
  take(result);
}

/// False: all have ended. True: one is under way, and its end is for step().
bool IoSeries::go_on() {
  for (;;) {
    IoRequest request;
    if (awaited_ != 0) [[unlikely]] {
      // At once it might be refused again, and so without end, by a file for which the kernel does not wait itself.
      request = {.code = IoCode::Poll, .fd = operation_->fd, .flags = awaited_};
    } else if (!next(request)) {
      return false;
    }
    operation_.emplace(request);
    if (operation_->begin(&step_, scope_)) return true;
    // ---- *this may be gone if that has returned true (L4) ----
    take_end();
    if (error_) return false;
  }
}

void IoSeries::step() noexcept {
  try {
    take_end();
    if (!error_ && go_on()) return;
    // ---- *this may be gone if that has returned true (L4) ----
  } catch (...) {
    failure_ = std::current_exception();
  }
  hand_to_loop(waiting_);
}

}  // namespace weft::inline v0::detail
