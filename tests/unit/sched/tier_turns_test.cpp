// How often the monitor looks at tiers, by what the policy says.
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>

#include "sched/tier_turns.hpp"
#include "milliseconds.hpp"

using namespace std::chrono_literals;
using weft::TierOptions;
using weft::TierPolicy;
using weft_test::kMs;

namespace {

/// Two tiers that are both open since 2 ms.
TierPolicy both_open(std::chrono::nanoseconds hysteresis) {
  TierPolicy policy({4, 4}, {.hysteresis = hysteresis});
  REQUIRE_FALSE(policy.step({.now_ns = 1 * kMs, .waiting = 1}));
  REQUIRE(policy.step({.now_ns = 2 * kMs, .waiting = 1}));
  return policy;
}

}  // namespace

TEST_CASE("while there is a tier to be opened, the next look at busy workers is in 4 ms") {
  for (const auto hysteresis : {1ns, 50'000'000ns, std::chrono::nanoseconds(1h)}) {
    CHECK(weft::turn_while_busy(TierPolicy({4, 4}, {.hysteresis = hysteresis})) == 4ms);
  }
}

TEST_CASE("while all tiers are open, there are eight looks in a hysteresis, a millisecond apart at least") {
  CHECK(weft::turn_while_busy(both_open(80ms)) == 10ms);
  CHECK(weft::turn_while_busy(both_open(8s)) == 1s);
  CHECK(weft::turn_while_busy(both_open(2ms)) == 1ms);
  CHECK(weft::turn_while_busy(TierPolicy({4}, {})) > 1h);
}

TEST_CASE("while everybody sleeps, the next look is when a tier closes") {
  const TierPolicy policy = both_open(50ms);
  CHECK(weft::turn_while_idle(policy, 2 * kMs) == 50ms);
  CHECK(weft::turn_while_idle(policy, 12 * kMs) == 40ms);
}

TEST_CASE("a look that is due, or has been, is a millisecond away") {
  const TierPolicy policy = both_open(50ms);
  CHECK(weft::turn_while_idle(policy, 52 * kMs) == 1ms);
  CHECK(weft::turn_while_idle(policy, 5000 * kMs) == 1ms);
}

TEST_CASE("while everybody sleeps and nothing can close, there is no look") {
  CHECK(weft::turn_while_idle(TierPolicy({4, 4}, {}), 7 * kMs) == weft::kNoTurn);
  TierPolicy asked({4, 4}, {});
  REQUIRE(asked.step({.now_ns = 1 * kMs, .least_open = 2}));
  CHECK(weft::turn_while_idle(asked, 7 * kMs) == weft::kNoTurn);
}
