/// @file
/// How a test says that it cannot show anything here.
#pragma once

#include <string>

namespace weft_test {

/// Makes the running test case count as skipped, for a reason that the summary repeats; the case returns after it.
void skip(std::string reason);

}  // namespace weft_test
