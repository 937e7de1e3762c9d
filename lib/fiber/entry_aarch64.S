// As entry_x86_64.S. x0 and x19: the control block; sp: the end of the stack, a multiple of 16.
#if defined(__aarch64__)

#include "fiber/context_offsets.h"

        .text
        .globl  weft_v0_fiber_entry
        .hidden weft_v0_fiber_entry
        .hidden weft_v0_fiber_main
        .type   weft_v0_fiber_entry, %function
        .p2align 4
        .cfi_startproc
        .cfi_signal_frame
        // The stack pointer there: *(x19 + sp).
        .cfi_escape 0x0f, 3, 0x83, WEFT_FIBER_RESUMER_SP, 0x06
        // The other registers lie at x19 + offset: the return address (30), x29, x19.
        .cfi_escape 0x10, 30, 2, 0x83, WEFT_FIBER_RESUMER_PC
        .cfi_escape 0x10, 29, 2, 0x83, WEFT_FIBER_RESUMER_FRAME
        .cfi_escape 0x10, 19, 2, 0x83, WEFT_FIBER_RESUMER_BASE
        nop                                     // whoever looks up an address looks one before it
weft_v0_fiber_entry:
        hint    #36                             // bti j
        adr     x30, 1f
        b       weft_v0_fiber_main
1:      brk     #1                              // main never returns
        .cfi_endproc
        .size   weft_v0_fiber_entry, . - weft_v0_fiber_entry

        // NT_GNU_PROPERTY_TYPE_0: indirect jumps land on a bti only. A linker leaves the check off for a program with one part that does not say so.
        .pushsection .note.gnu.property, "a", %note
        .p2align 3
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000000, 4, 1, 0             // GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI
        .popsection

#endif
        .section .note.GNU-stack, "", %progbits
