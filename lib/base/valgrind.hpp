/// @file
/// Whether the program runs under Valgrind.
#pragma once

#if WEFT_HAS_VALGRIND
#include <valgrind/valgrind.h>
#endif

namespace weft::inline v0 {

/// As far as the build lets it be known.
inline bool is_on_valgrind() noexcept {
#if WEFT_HAS_VALGRIND
  return RUNNING_ON_VALGRIND != 0;
#else
  return false;
#endif
}

}  // namespace weft::inline v0
