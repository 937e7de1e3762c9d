/// @file
/// Compiler and build-mode facts that the rest of weft depends on.
#pragma once

#if !defined(__linux__)
#error "weft supports Linux only"
#endif
#if !defined(__x86_64__) && !defined(__aarch64__)
#error "weft supports x86-64 and aarch64 only"
#endif
#if !defined(__cpp_impl_coroutine) || __cplusplus < 202002L
#error "weft needs C++20 with coroutines: compile with -std=c++20 (gcc 12 or clang 19 and newer)"
#endif
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 12
#error "weft needs gcc 12 or newer"
#endif
#if defined(__clang__) && __clang_major__ < 19
// Older ones inline await_suspend into the coroutine and use its frame afterwards, when another thread may have freed it
// (llvm/llvm-project issue 56301).
#error "weft needs clang 19 or newer: older ones miscompile coroutines that are resumed on another thread"
#endif
#if !defined(__cpp_exceptions)
#error "weft needs exceptions: compile without -fno-exceptions"
#endif
#if defined(__has_feature)
#if __has_feature(safe_stack)
#error "weft does not work with -fsanitize=safe-stack, which has one more stack for each thread, but none for a fiber"
#endif
#endif

#define WEFT_API [[gnu::visibility("default")]]
#define WEFT_ALWAYS_INLINE [[gnu::always_inline]] inline
#define WEFT_NOINLINE [[gnu::noinline]]
#define WEFT_COLD [[gnu::cold, gnu::noinline]]

/// A function, in a header, that leaves all registers of its caller alone where the compiler can do that: what is called on a cold path,
/// the way of an exception above all, then costs the other paths no saved register. It must not throw: the unwinder does not keep the
/// promise. Hidden, because lazy binding may not keep it either. Declared in WEFT_TRANSFER_NAMESPACE, because gcc's function of the same name
/// does not keep it, and one program may have objects of both.
#if defined(__clang__)
#define WEFT_KEEPS_REGISTERS [[gnu::cold, gnu::noinline, gnu::visibility("hidden"), clang::preserve_most]] inline
#else
#define WEFT_KEEPS_REGISTERS inline
#endif

namespace weft::inline v0::detail {

/// The address of a local variable, computed anew and not kept in a register across a call before it, which would have to be saved.
#if defined(__clang__) && defined(__x86_64__) && defined(__LP64__)
template <class T>
WEFT_ALWAYS_INLINE T* address_anew(T& local) noexcept {
  T* address;
  __asm__("lea {%1, %0|%0, %1}" : "=r"(address) : "m"(local));
  return address;
}
#else
template <class T>
WEFT_ALWAYS_INLINE T* address_anew(T& local) noexcept {
  return &local;
}
#endif

}  // namespace weft::inline v0::detail

/// Asks for the cache line at `address`, which may be any, for reading.
#define WEFT_PREFETCH_READ(address) __builtin_prefetch(address, 0)
/// The same for writing.
#if defined(__x86_64__)
// Compilers use the instruction only for processors that they know to have it; the others take it for a no-op.
#define WEFT_PREFETCH_WRITE(address) __asm__ volatile("prefetchw {(%0)|[%0]}" : : "r"(address))
#else
#define WEFT_PREFETCH_WRITE(address) __builtin_prefetch(address, 1)
#endif

#if defined(__SANITIZE_ADDRESS__)
#define WEFT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEFT_ASAN 1
#endif
#endif
#ifndef WEFT_ASAN
#define WEFT_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define WEFT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT_TSAN 1
#endif
#endif
#ifndef WEFT_TSAN
#define WEFT_TSAN 0
#endif

/// A function that ThreadSanitizer and AddressSanitizer leave as it is.
#define WEFT_NO_SANITIZER __attribute__((no_sanitize("thread"), no_sanitize("address")))

// How a coroutine hands the thread to the next one. Symmetric transfer needs a guaranteed tail call. clang gives it in
// every mode. gcc gives it when -foptimize-sibling-calls is on, which no predefined macro reveals, so weft's Meson
// dependency, pkg-config and CMake files pass the flag together with WEFT_SIBLING_CALLS; its ASan and TSan
// instrumentation breaks the tail call whatever the flags. Everywhere else a trampoline in the resuming loop does the
// same in bounded stack for about 2 ns a hop.
#if defined(__clang__)
#define WEFT_SYMMETRIC_TRANSFER 1
#elif defined(WEFT_SIBLING_CALLS) && !WEFT_ASAN && !WEFT_TSAN
#define WEFT_SYMMETRIC_TRANSFER 1
#else
#define WEFT_SYMMETRIC_TRANSFER 0
#endif

// Code that depends on the transfer mode, or on how the compiler passes a Task, lives in one more inline namespace, so
// that objects of all modes can be linked into one program (the compiled library serves all) and never share a template
// instantiation by accident. Passing a Task from an object of one mode to one of another fails to link.
#if defined(__clang__)
#define WEFT_TRANSFER_NAMESPACE clang_symmetric
#elif WEFT_SYMMETRIC_TRANSFER
#define WEFT_TRANSFER_NAMESPACE symmetric
#else
#define WEFT_TRANSFER_NAMESPACE trampolined
#endif
