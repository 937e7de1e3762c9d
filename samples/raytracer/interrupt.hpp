/// @file
/// Ctrl-C.
#pragma once

namespace raytracer {

/// Lets SIGINT and SIGTERM leave a note instead of ending the program. The second one ends it.
void catch_interrupts();

/// Gives the number of the signal that came, or zero.
[[nodiscard]] int caught_interrupt() noexcept;

}  // namespace raytracer
