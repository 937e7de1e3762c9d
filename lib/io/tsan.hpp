/// @file
/// What ThreadSanitizer is told of the kernel: what was done before an operation was handed over happens before whatever follows its end.
#pragma once

#include <weft/base/platform.hpp>

#if defined(__SANITIZE_THREAD__)
#define WEFT_TSAN_IO 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT_TSAN_IO 1
#endif
#endif
#ifndef WEFT_TSAN_IO
#define WEFT_TSAN_IO 0
#endif

#if WEFT_TSAN_IO
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif

namespace weft::inline v0::detail {

inline void note_handed_over([[maybe_unused]] void* operation) noexcept {
#if WEFT_TSAN_IO
  __tsan_release(operation);
#endif
}

inline void note_landed([[maybe_unused]] void* operation) noexcept {
#if WEFT_TSAN_IO
  __tsan_acquire(operation);
#endif
}

}  // namespace weft::inline v0::detail
