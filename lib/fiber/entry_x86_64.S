// Where a fiber begins. rdi and rbx: its control block; rsp: the end of its stack, a multiple of 16.
//
// The frame information says who called: the thread that has resumed the fiber, whose registers lie in the control block. So debuggers and
// backtrace() walk on from the first frame of the fiber into that thread's. Seen from there the stack grows the wrong way, which gdb allows
// only where a signal has come in between; hence .cfi_signal_frame.
#if defined(__x86_64__)

#include "fiber/context_offsets.h"

        .text
        .globl  weft_v0_fiber_entry
        .hidden weft_v0_fiber_entry
        .hidden weft_v0_fiber_main
        .type   weft_v0_fiber_entry, @function
        .p2align 4
        .cfi_startproc
        .cfi_signal_frame
        // The stack pointer there: *(rbx + sp).
        .cfi_escape 0x0f, 3, 0x73, WEFT_FIBER_RESUMER_SP, 0x06
        // The other registers lie at rbx + offset: the return address (16), rbp (6), rbx (3).
        .cfi_escape 0x10, 16, 2, 0x73, WEFT_FIBER_RESUMER_PC
        .cfi_escape 0x10, 6, 2, 0x73, WEFT_FIBER_RESUMER_FRAME
        .cfi_escape 0x10, 3, 2, 0x73, WEFT_FIBER_RESUMER_BASE
        nop                                     // whoever looks up an address looks one byte before it
weft_v0_fiber_entry:
        // Not a call, which would leave the processor with a return address that nobody returns to.
        leaq    1f(%rip), %rax
        pushq   %rax
        jmp     weft_v0_fiber_main
1:      ud2                                     // main never returns
        .cfi_endproc
        .size   weft_v0_fiber_entry, . - weft_v0_fiber_entry

#endif
        .section .note.GNU-stack, "", %progbits
