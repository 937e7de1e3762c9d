/// @file
/// Whether one worker too many that is awake rests again.
#pragma once

#include <weft/weft.hpp>

#include <atomic>
#include <thread>

namespace weft_test {

/// Runs batches of jobs until no two of one batch have run at once: whoever is too many rests when it has seen it. False: they always have.
inline bool runs_one_at_a_time(weft::Runtime& rt) {
  constexpr int kMostBatches = 1000;
  std::atomic<int> at_once{0}, most{0};
  for (int batch = 0; batch < kMostBatches; ++batch) {
    most.store(0);
    weft::Counter counter;
    for (int i = 0; i < 100; ++i) {
      rt.spawn(
          [&] {
            const int now = at_once.fetch_add(1) + 1;
            if (now > most.load()) most.store(now);
            std::this_thread::yield();
            at_once.fetch_sub(1);
          },
          counter);
    }
    counter.wait();
    if (most.load() == 1) return true;
  }
  return false;
}

}  // namespace weft_test
