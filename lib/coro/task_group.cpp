#include <weft/coro/task_group.hpp>

#include <utility>

namespace weft::inline v0::detail {

GroupError::~GroupError() {
  // Nobody joined the group after a child failed; an exception is never dropped in silence.
  if (has_cause_) std::rethrow_exception(std::move(error_));  // out of a destructor: std::terminate, with the exception at hand
}

void GroupError::keep(std::exception_ptr error) noexcept {
  const bool is_cause = !is_cancellation(error);
  const std::lock_guard lock(mutex_);
  if (has_cause_ || (error_ && !is_cause)) return;
  has_cause_ = is_cause;
  std::swap(error_, error);  // what was kept goes after the lock
}

std::exception_ptr GroupError::take() noexcept {
  has_cause_ = false;
  return std::exchange(error_, nullptr);
}

}  // namespace weft::inline v0::detail
