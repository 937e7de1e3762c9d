/// @file
/// Switching the stack under a running thread: the part that is written in assembly, for each architecture.
///
/// lib/fiber/README.md has the pictures, and what a switch does not save.
#pragma once

#include <cstddef>

#include <weft/base/platform.hpp>

namespace weft::inline v0::detail {

/// Where a stack goes on. What is not here the compiler keeps on that stack: the switch says that it overwrites everything else.
struct SwitchContext {
  void* pc;
  void* sp;
  void* frame;  // the frame pointer, which cannot be named as overwritten
  void* base;   // rbx or x19, in which a compiler may keep the base of a frame that has no constant size
};

/// Leaves the running stack, keeping where it is in `record + kSave`, and goes on where `record + kLoad` says.
///
/// @param record  reaches the other side as its own `record`
/// @param value   reaches the other side as what this function returns there
///
/// The jump is no `ret`: the processor would predict that it returns to the caller, each time wrongly. For the same reason the function is
/// inlined: every call that is made before the switch and returned from after it is mispredicted.
///
/// Pre: no value of the x87 stack, the direction flag or a mask of exceptions is meant to survive.
template <std::size_t kSave, std::size_t kLoad>
WEFT_ALWAYS_INLINE void* switch_stacks(void* record, void* value) noexcept {
#if defined(__x86_64__)
  // Two dialects, because a user may compile with -masm=intel. rbx and rbp are restored, so they need not be named.
  __asm__ volatile(
      "{leaq 1f(%%rip), %%rax|lea rax, [rip + 1f]}\n\t"
      "{movq %%rax, %c[save](%%rdi)|mov QWORD PTR [rdi + %c[save]], rax}\n\t"
      "{movq %%rsp, %c[save]+8(%%rdi)|mov QWORD PTR [rdi + %c[save] + 8], rsp}\n\t"
      "{movq %%rbp, %c[save]+16(%%rdi)|mov QWORD PTR [rdi + %c[save] + 16], rbp}\n\t"
      "{movq %%rbx, %c[save]+24(%%rdi)|mov QWORD PTR [rdi + %c[save] + 24], rbx}\n\t"
      "{movq %c[load](%%rdi), %%rax|mov rax, QWORD PTR [rdi + %c[load]]}\n\t"
      "{movq %c[load]+8(%%rdi), %%rsp|mov rsp, QWORD PTR [rdi + %c[load] + 8]}\n\t"
      "{movq %c[load]+16(%%rdi), %%rbp|mov rbp, QWORD PTR [rdi + %c[load] + 16]}\n\t"
      "{movq %c[load]+24(%%rdi), %%rbx|mov rbx, QWORD PTR [rdi + %c[load] + 24]}\n\t"
      "{jmpq *%%rax|jmp rax}\n"
      "1:\n\t"
      : "+D"(record), "+S"(value)
      : [save] "i"(kSave), [load] "i"(kLoad)
      : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",  //
        "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
        "xmm15",
#if defined(__AVX512F__)
        "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29",
        "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7",
#endif
#if defined(__APX_F__) || defined(__EGPR__)
        "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31",
#endif
        "mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)",
        "memory", "cc");
  return value;
#elif defined(__aarch64__)
  register void* record_register __asm__("x0") = record;
  register void* value_register __asm__("x1") = value;
  // x29 and x19 are restored; `hint #36` is `bti j`, where a checked indirect jump may land. On Linux x18 is a register as any other: gcc does
  // keep values in it.
  __asm__ volatile(
      "adr x9, 1f\n\t"
      "mov x10, sp\n\t"
      "stp x9, x10, [x0, %[save]]\n\t"
      "stp x29, x19, [x0, %[save] + 16]\n\t"
      "ldp x9, x10, [x0, %[load]]\n\t"
      "ldp x29, x19, [x0, %[load] + 16]\n\t"
      "mov sp, x10\n\t"
      "br x9\n"
      "1: hint #36\n\t"
      : "+r"(record_register), "+r"(value_register)
      : [save] "i"(kSave), [load] "i"(kLoad)
      : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x20", "x21",
        "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30",  //
        "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18",
        "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31",
#if defined(__ARM_FEATURE_SVE)
        "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15",
#if !defined(__clang__)  // which does not know it, and keeps nothing in it over any assembly
        "ffr",
#endif
#endif
        "memory", "cc");
  return value_register;
#endif
}

}  // namespace weft::inline v0::detail
