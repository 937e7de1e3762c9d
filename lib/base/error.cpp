#include <weft/base/error.hpp>

namespace weft::inline v0 {

// Out of line, so that each type has one vtable and one type_info in the program and can be caught across libraries.
UsageError::~UsageError() = default;
LimitError::~LimitError() = default;
OperationCancelled::~OperationCancelled() = default;
TimeoutError::~TimeoutError() = default;

namespace detail {

bool is_cancellation(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const OperationCancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace detail

}  // namespace weft::inline v0
