/// @file
/// What ThreadSanitizer is told of the kernel: what was done before an operation was handed over happens before whatever follows its end.
#pragma once

#include <weft/base/platform.hpp>

#if WEFT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace weft::inline v0::detail {

inline void note_handed_over([[maybe_unused]] void* operation) noexcept {
#if WEFT_TSAN
  __tsan_release(operation);
#endif
}

inline void note_landed([[maybe_unused]] void* operation) noexcept {
#if WEFT_TSAN
  __tsan_acquire(operation);
#endif
}

}  // namespace weft::inline v0::detail
