/// @file
/// What the sanitizers and Valgrind have to be told about stacks. Nothing in a build without them.
#pragma once

#include <cstddef>
#include <utility>

#include "base/valgrind.hpp"
#include <weft/base/platform.hpp>
#include <weft/fiber/fiber.hpp>

#if WEFT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if WEFT_TSAN
#include <sanitizer/tsan_interface.h>
extern "C" void __tsan_func_exit();  // what instrumented functions call when they return; no header has it
#endif

namespace weft::inline v0 {

/// While it lives, Valgrind says nothing of what this thread does: for who looks at the part of a stack that is not in use.
class UnseenByValgrind {
 public:
#if WEFT_HAS_VALGRIND
  UnseenByValgrind() noexcept { VALGRIND_DISABLE_ERROR_REPORTING; }
  ~UnseenByValgrind() { VALGRIND_ENABLE_ERROR_REPORTING; }
#else
  UnseenByValgrind() noexcept {}
#endif
  UnseenByValgrind(const UnseenByValgrind&) = delete;
  UnseenByValgrind& operator=(const UnseenByValgrind&) = delete;
};

/// Tells Valgrind of a new stack; without it a switch looks like a very large frame. For forget_stack().
inline void* remember_stack([[maybe_unused]] std::byte* begin, [[maybe_unused]] std::byte* end) noexcept {
#if WEFT_HAS_VALGRIND
  return reinterpret_cast<void*>(static_cast<std::size_t>(VALGRIND_STACK_REGISTER(begin, end)));
#else
  return nullptr;
#endif
}

/// Gives back what ThreadSanitizer has for a fiber that nobody keeps at hand: it has room for a few thousand.
inline void forget_run([[maybe_unused]] void*& tool) noexcept {
#if WEFT_TSAN
  if (tool != nullptr) __tsan_destroy_fiber(std::exchange(tool, nullptr));
#endif
}

inline void forget_stack([[maybe_unused]] void* stack) noexcept {
#if WEFT_HAS_VALGRIND
  VALGRIND_STACK_DEREGISTER(reinterpret_cast<std::size_t>(stack));
#endif
}

}  // namespace weft::inline v0
