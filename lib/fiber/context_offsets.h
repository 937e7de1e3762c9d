// Where a Fiber keeps the registers of the thread that has resumed it: for the assembler; fiber.cpp checks that it is so.
#pragma once

#define WEFT_FIBER_RESUMER_PC 24
#define WEFT_FIBER_RESUMER_SP 32
#define WEFT_FIBER_RESUMER_FRAME 40
#define WEFT_FIBER_RESUMER_BASE 48
