#include <weft/base/error.hpp>

namespace weft::inline v0 {

// Out of line, so that each type has one vtable and one type_info in the program and can be caught across libraries.
UsageError::~UsageError() = default;
LimitError::~LimitError() = default;
OperationCancelled::~OperationCancelled() = default;

}  // namespace weft::inline v0
