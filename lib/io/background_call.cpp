#include <weft/io/background_call.hpp>

#include <cerrno>

#include <weft/base/error.hpp>

namespace weft::inline v0::detail {

BackgroundCall::BackgroundCall() noexcept {
  static_cast<Job&>(job_) = marked_job([](Job* job) { static_cast<EndedJob*>(job)->call->ended_.sub(); }, nullptr);
  job_.call = this;
}

bool BackgroundCall::begin(const IoRequest& request, StopScope& scope) {
  operation_.emplace(request);
  ended_.add();
  try {
    if (operation_->begin(&job_, &scope, IoOperation::Meanwhile::GoesOn)) return true;
    // ---- if it has returned true, the job may have run, but *this stays until the result is taken ----
  } catch (...) {
    ended_.sub();
    operation_.reset();
    throw;
  }
  ended_.sub();
  return false;
}

std::int32_t BackgroundCall::take() noexcept {
  std::int32_t result = -ECANCELED;
  try {
    result = operation_->end();
  } catch (...) {
    // OperationCancelled, or std::bad_alloc, where there is no memory for its text.
  }
  operation_.reset();
  return result;
}

}  // namespace weft::inline v0::detail
