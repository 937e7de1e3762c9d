/// @file
/// The order of the steps by which a thread runs a fiber. States and proof: lib/fiber/README.md.
#pragma once

#include <weft/base/platform.hpp>

namespace weft::inline v0::detail {

/// Runs a fiber until it is parked or has ended.
///
/// @tparam Thread  the thread's side of the switches: job() is what resumes the fiber; run_to_next_switch() returns what is to happen once
///                 the fiber has left its stack; call(after) does it, and returns what the thread runs next
/// @return  what the thread runs next, or null
template <class Thread>
WEFT_ALWAYS_INLINE auto* run_until_parked(const Thread& thread) noexcept {
  auto* const job = thread.job();
  for (;;) {
    auto& after = thread.run_to_next_switch();
    auto* const next = thread.call(after);
    // ---- the fiber may run elsewhere, or have ended, and `after` lies on its stack (L4) ----
    if (next != job) return next;
  }
}

}  // namespace weft::inline v0::detail
