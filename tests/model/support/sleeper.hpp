/// @file
/// Whoever waits in the queue of an event or a mutex, reduced to a flag.
#pragma once

#include <atomic>
#include <cstdint>

#include "support/relacy_policy.hpp"

namespace model {

struct Sleeper {
  Plain<Sleeper*> next{nullptr};
  Atomic<std::uint32_t> woken{0};

  void sleep() {
    while (woken.load(std::memory_order_acquire) == 0) ModelAtomics::spin_pause();
  }
  void wake() {
    check(woken.load(std::memory_order_relaxed) == 0, "a waiter is woken twice");
    woken.store(1, std::memory_order_release);
  }
};

}  // namespace model
