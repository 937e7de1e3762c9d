/// @file
/// Makes each allocation of a piece of work fail in turn.
#pragma once

#include <catch2/catch.hpp>
#include <weft/base/error.hpp>
#include <weft/mem/frame_cache.hpp>

#include "failing_allocations.hpp"
#include "fiber/fiber_depot.hpp"
#include "support/skip.hpp"

#include <cstddef>
#include <functional>
#include <new>

namespace weft_test {

/// Runs `work` with the n-th allocation failing, n = 0, 1, ... until several in a row do not come about: how many there are
/// depends on which worker does what.
///
/// @param work  makes everything it needs, and returns whether what came out is right
/// @param count how many allocations in a row fail
inline void fail_each_allocation(const std::function<bool()>& work, long count) {
  if (!kReplacesNew) return skip(kWhyNotReplaced);
  REQUIRE(work());  // whatever is made once in the life of the process
  constexpr long kMost = 20'000;
  constexpr long kEnough = 4;
  long failures = 0;
  long without = 0;
  long nth = 0;
  for (; nth < kMost && without < kEnough; ++nth) {
    const std::size_t frames = weft::frame_memory_outstanding();
    const std::size_t fibers = weft::FiberDepot::outstanding();
    const long blocks = living_blocks();
    bool has_failed = false;
    bool is_right = true;
    {
      const FailingAllocations failing(nth, count);
      try {
        is_right = work();
      } catch (const std::bad_alloc&) {
      } catch (const weft::LimitError&) {
        // There was no memory for a thread, and without one the work could not be taken.
      }
      has_failed = failing.has_failed();
    }
    const std::size_t leaked_frames = weft::frame_memory_outstanding() - frames;
    const std::size_t leaked_fibers = weft::FiberDepot::outstanding() - fibers;
    const long leaked_blocks = living_blocks() - blocks;
    INFO("allocation " << nth << " fails, and " << count - 1 << " after it");
    REQUIRE(is_right);
    REQUIRE(leaked_frames == 0);
    REQUIRE(leaked_fibers == 0);
    REQUIRE(leaked_blocks == 0);
    failures += has_failed ? 1 : 0;
    without = has_failed ? 0 : without + 1;
  }
  CHECK(failures > 0);
  CHECK(without == kEnough);
}

inline void fail_each_allocation(const std::function<bool()>& work) {
  for (const long count : {1L, 3L, 1000L}) fail_each_allocation(work, count);
}

}  // namespace weft_test
