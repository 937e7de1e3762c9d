/// @file
/// Thread-local pointers that are right after a stack has moved to another thread.
///
/// Compilers take it for granted that a function stays on its thread, and may keep the address of a thread-local variable, or the register
/// that leads to it, from before a suspension. Everything here that is inlined into users' functions, which may run on a fiber, reads such
/// variables through these functions. They cost what a plain access costs.
#pragma once

#include <weft/base/platform.hpp>

// x86-64: a scalar of the initial-exec model is one access relative to %fs, which no compiler takes apart; unless a sanitizer wants its address.
// aarch64: the thread pointer is an ordinary register, read by an instruction that compilers move; so the access is one piece of assembly.
#if WEFT_ASAN || WEFT_TSAN
#define WEFT_THREAD_SLOT_READ(Type, name) return read_slot_##name()
#define WEFT_THREAD_SLOT_WRITE(Type, name, value) write_slot_##name(value)
#elif defined(__x86_64__)
#define WEFT_THREAD_SLOT_READ(Type, name) return tls_##name
#define WEFT_THREAD_SLOT_WRITE(Type, name, value) tls_##name = value
#elif defined(__aarch64__)
#define WEFT_THREAD_SLOT_ADDRESS(name) \
  "adrp %0, :gottprel:weft_v0_tls_" #name "\n\tldr %0, [%0, :gottprel_lo12:weft_v0_tls_" #name "]\n\tmrs %1, tpidr_el0\n\t"
#define WEFT_THREAD_SLOT_READ(Type, name)                                                                                          \
  Type* slot_value;                                                                                                                \
  void* slot_thread;                                                                                                               \
  __asm__ volatile(WEFT_THREAD_SLOT_ADDRESS(name) "ldr %0, [%1, %0]" : "=&r"(slot_value), "=&r"(slot_thread) : : "memory");        \
  return slot_value
#define WEFT_THREAD_SLOT_WRITE(Type, name, value)                                                                                  \
  void* slot_offset;                                                                                                               \
  void* slot_thread;                                                                                                               \
  __asm__ volatile(WEFT_THREAD_SLOT_ADDRESS(name) "str %2, [%1, %0]" : "=&r"(slot_offset), "=&r"(slot_thread) : "r"(value) : "memory")
#endif

/// Declares the slot `name` with `slot_<name>()` and `set_slot_<name>(pointer)`. It is null in a new thread.
#define WEFT_DECLARE_THREAD_SLOT(Type, name)                                                                                       \
  WEFT_API extern constinit thread_local Type* tls_##name __asm__("weft_v0_tls_" #name) __attribute__((tls_model("initial-exec"))); \
  [[nodiscard]] WEFT_API Type* read_slot_##name() noexcept;                                                                        \
  WEFT_API void write_slot_##name(Type* pointer) noexcept;                                                                         \
  [[nodiscard]] WEFT_ALWAYS_INLINE Type* slot_##name() noexcept { WEFT_THREAD_SLOT_READ(Type, name); }                             \
  WEFT_ALWAYS_INLINE void set_slot_##name(Type* pointer) noexcept { WEFT_THREAD_SLOT_WRITE(Type, name, pointer); }

/// Defines it, in one source file. The functions are what sanitized code uses: not inlined, and the address is hidden from the compiler, so
/// that it does not find out that each call in a function has the same result. The sanitizers need not know of the slots.
#define WEFT_DEFINE_THREAD_SLOT(Type, name)                                                                                        \
  /* gcc forgets the model of the declaration. used: who optimises at link time does not look into assembly, where aarch64 names it. */ \
  constinit thread_local Type* tls_##name __attribute__((used, tls_model("initial-exec"))) = nullptr;                              \
  WEFT_NOINLINE WEFT_NO_SANITIZER Type* read_slot_##name() noexcept {                                                              \
    Type** slot = &tls_##name;                                                                                                     \
    __asm__ volatile("" : "+r"(slot) : : "memory");                                                                                \
    return *slot;                                                                                                                  \
  }                                                                                                                                \
  WEFT_NOINLINE WEFT_NO_SANITIZER void write_slot_##name(Type* pointer) noexcept {                                                 \
    Type** slot = &tls_##name;                                                                                                     \
    __asm__ volatile("" : "+r"(slot) : : "memory");                                                                                \
    *slot = pointer;                                                                                                               \
  }
