/// @file
/// Says which fiber has overflowed its stack, where the system would only say that the memory is not to be accessed.
#pragma once

namespace weft::inline v0 {

/// Sees to it that a handler for faults is installed. It ends the process with a message if a fiber has overflowed its stack, and hands other
/// faults on to whoever handled them before (earlier_handler.hpp). A handler that is installed later, in its place, is left there.
///
/// Threads: any.
void report_overflows() noexcept;

/// Gives this thread a stack for signal handlers, unless it has one, until it ends. Without it the handler has nothing to run on.
void report_overflows_here() noexcept;

/// Lets the signals of faults through in this thread, which is to be one of weft's own. The kernel ends the process without calling the
/// handler if they are blocked, as in a program that blocks all signals before it starts threads.
void unblock_faults_here() noexcept;

}  // namespace weft::inline v0
