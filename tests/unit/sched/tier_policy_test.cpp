// The rules of TierPolicy one by one, sample by sample. What they make of a load is in tier_policy_load_test.cpp.
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "sched/tier_policy.hpp"
#include "milliseconds.hpp"
#include "simulated_tiers.hpp"
#include <weft/base/error.hpp>

using namespace std::chrono_literals;
using weft::TierChange;
using weft::TierOptions;
using weft::TierPolicy;
using weft::TierReason;
using weft::TierSample;
using weft_test::kMs;

namespace {

/// A policy that gets a sample each millisecond, as one says.
class Watched {
 public:
  explicit Watched(const std::vector<unsigned>& workers_of_tiers, const TierOptions& options = {}, const std::vector<weft::TierKind>& kinds = {})
      : policy_(workers_of_tiers, options, kinds) {}

  TierPolicy& policy() { return policy_; }
  [[nodiscard]] std::int64_t now_ms() const { return now_ms_; }

  void see(TierSample sample) {
    if (const auto change = policy_.step(sample)) changes_.push_back(*change);
  }

  /// From the next sample on so many tiers are to be open at least.
  Watched& ask(unsigned least_open) {
    least_open_ = least_open;
    return *this;
  }

  /// Samples up to the one at `end_ms`.
  Watched& until(std::int64_t end_ms, double busy, unsigned waiting = 0, bool is_anybody_idle = false) {
    while (now_ms_ < end_ms) see({++now_ms_ * kMs, busy, waiting, is_anybody_idle, least_open_});
    return *this;
  }

  /// One sample after a time without any.
  Watched& after_gap(std::int64_t end_ms, double busy) {
    now_ms_ = end_ms;
    see({end_ms * kMs, busy, 0, true});
    return *this;
  }

  /// What has changed since this was asked the last time.
  std::string changes() {
    const std::string text = weft_test::text_of(changes_);
    changes_.clear();
    return text;
  }

 private:
  TierPolicy policy_;
  std::int64_t now_ms_ = 0;
  unsigned least_open_ = 1;
  std::vector<TierChange> changes_;
};

/// Two tiers of four workers, the second just opened; no sample says that anybody runs.
Watched two_open(const TierOptions& options = {}) {
  Watched tiers({4, 4}, options);
  tiers.until(2, 0, 1);
  REQUIRE(tiers.changes() == "2 ms: 2 tiers, work waited\n");
  return tiers;
}

std::string refusal(const TierOptions& options) {
  try {
    weft::validate(options);
  } catch (const weft::UsageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a tier opens when work has waited for the spill delay") {
  Watched tiers({4, 4}, {.spill_delay = 3ms});
  tiers.until(4, 0, 1);
  CHECK(tiers.changes() == "4 ms: 2 tiers, work waited\n");
  CHECK(tiers.policy().open_workers() == 8);
}

TEST_CASE("without a spill delay a tier opens when work is seen to wait once") {
  Watched tiers({4, 4}, {.spill_delay = 0ms});
  tiers.until(1, 0, 1);
  CHECK(tiers.changes() == "1 ms: 2 tiers, work waited\n");
}

TEST_CASE("one sample without work that waits begins the spill delay anew") {
  Watched tiers({4, 4}, {.spill_delay = 3ms});
  for (int i = 0; i < 10; ++i) {
    tiers.until(tiers.now_ms() + 3, 1, 2);
    tiers.until(tiers.now_ms() + 1, 1, 0);
  }
  CHECK(tiers.changes().empty());
}

TEST_CASE("work does not wait while somebody of the open tiers is idle: it is on its way") {
  Watched tiers({4, 4});
  tiers.until(100, 1, 5, true);
  CHECK(tiers.changes().empty());
}

TEST_CASE("as many tiers open at once as the jobs that wait can occupy") {
  const std::vector<unsigned> sizes{2, 2, 4, 8};
  CHECK(Watched(sizes).until(2, 2, 1).changes() == "2 ms: 2 tiers, work waited\n");
  CHECK(Watched(sizes).until(2, 2, 2).changes() == "2 ms: 2 tiers, work waited\n");
  CHECK(Watched(sizes).until(2, 2, 3).changes() == "2 ms: 3 tiers, work waited\n");
  CHECK(Watched(sizes).until(2, 2, 7).changes() == "2 ms: 4 tiers, work waited\n");
  CHECK(Watched(sizes).until(2, 2, 700).changes() == "2 ms: 4 tiers, work waited\n");
}

TEST_CASE("a tier opens by utilisation, one at a time, although no work waits") {
  Watched tiers({4, 4, 4});
  // A sample of 1 ms weighs 1/6, so the average passes 80 % shortly before the tenth sample: 1 - (5/6)^9 is 0.806.
  tiers.until(300, 4, 0, true);
  CHECK(tiers.changes() == "11 ms: 2 tiers, utilisation\n");
}

TEST_CASE("the utilisation that counts is that of all open tiers together") {
  Watched tiers({4, 4, 8});
  tiers.until(40, 4, 0, true).until(80, 8, 0, true);
  CHECK(tiers.changes() == "11 ms: 2 tiers, utilisation\n61 ms: 3 tiers, utilisation\n");
}

TEST_CASE("utilisation below the threshold opens nothing, however long") {
  Watched tiers({10, 10});
  tiers.until(5000, 7.99, 0, true);
  CHECK(tiers.changes().empty());
}

TEST_CASE("one moment below the threshold begins the spill delay of utilisation anew") {
  Watched tiers({4, 4}, {.spill_delay = 10ms});
  for (int i = 0; i < 20; ++i) {
    tiers.until(tiers.now_ms() + 15, 4, 0, true);  // above it for six of them
    tiers.until(tiers.now_ms() + 10, 0, 0, true);
  }
  CHECK(tiers.changes().empty());
  tiers.until(520, 4, 0, true);
  CHECK(tiers.changes() == "518 ms: 2 tiers, utilisation\n");
}

TEST_CASE("after a change the spill delay of the next tier begins anew") {
  const TierOptions options{.spill_delay = 10ms, .hysteresis = 2ms};
  Watched waits({10, 1, 1}, options);
  waits.until(30, 5, 1);
  CHECK(waits.changes() == "11 ms: 2 tiers, work waited\n22 ms: 3 tiers, work waited\n");
  Watched is_busy({10, 1, 1}, options);
  is_busy.until(30, 10, 0, true);
  CHECK(is_busy.changes() == "12 ms: 2 tiers, utilisation\n22 ms: 3 tiers, utilisation\n");
}

TEST_CASE("the average is as slow as the hysteresis asks, but not slower than 5 ms") {
  CHECK(Watched({4, 4}, {.hysteresis = 10ms}).until(20, 4, 0, true).changes() == "5 ms: 2 tiers, utilisation\n");
  CHECK(Watched({4, 4}, {.hysteresis = 10s}).until(20, 4, 0, true).changes() == "11 ms: 2 tiers, utilisation\n");
}

TEST_CASE("with a threshold of 1 only work that waits opens a tier") {
  Watched tiers({4, 4}, {.threshold = 1.0});
  // With samples so far apart the average is four after some of them, not nearly four.
  for (int ms = 20; ms <= 5000; ms += 20) tiers.after_gap(ms, 4);
  CHECK(tiers.changes().empty());
  tiers.until(5010, 4, 1);
  CHECK(tiers.changes() == "5002 ms: 2 tiers, work waited\n");
}

TEST_CASE("the last tier closes when what is busy fits into those that stay, for the hysteresis") {
  Watched tiers = two_open();
  tiers.until(200, 2.4);
  CHECK(tiers.changes() == "52 ms: 1 tiers, idle\n");
}

TEST_CASE("a tier stays open while what is busy would be more than the lower threshold of those that stay") {
  Watched tiers = two_open();
  tiers.until(40, 2.5).until(5000, 2.5);  // 31 % of the eight that are open
  CHECK(tiers.changes().empty());
  tiers.until(5100, 2.0);  // the average is at 2.4 with the second sample
  CHECK(tiers.changes() == "5052 ms: 1 tiers, idle\n");
}

TEST_CASE("one millisecond of load begins the hysteresis of closing anew") {
  Watched tiers = two_open();
  for (int i = 0; i < 20; ++i) {
    tiers.until(tiers.now_ms() + 40, 0);
    tiers.until(tiers.now_ms() + 4, 8);
  }
  CHECK(tiers.changes().empty());
}

TEST_CASE("no tier closes while work waits, and none that is on its way keeps a tier open") {
  Watched waits = two_open();
  waits.until(500, 0, 1, false);
  CHECK(waits.changes().empty());
  // One producer whose jobs are so short that one of them is always visible.
  Watched on_its_way = two_open();
  on_its_way.until(500, 1, 1, true);
  CHECK(on_its_way.changes() == "52 ms: 1 tiers, idle\n");
}

TEST_CASE("tiers close one by one, each after a hysteresis of its own") {
  Watched tiers({2, 2, 2, 2});
  tiers.until(2, 0, 100).until(1000, 0);
  CHECK(tiers.changes() == "2 ms: 4 tiers, work waited\n52 ms: 3 tiers, idle\n102 ms: 2 tiers, idle\n152 ms: 1 tiers, idle\n");
}

TEST_CASE("a large tier above a small one does not flap") {
  // 80 % of 8 opens the siblings, and is 11 % of the 56 that are open then.
  Watched tiers({8, 48});
  tiers.until(5000, 6.5, 0, true);
  CHECK(tiers.changes() == "25 ms: 2 tiers, utilisation\n");
}

TEST_CASE("there is one change at most within the hysteresis, whatever the load") {
  Watched tiers({1, 1, 1, 1, 1});
  tiers.until(300, 1, 1);
  CHECK(tiers.changes() ==
        "2 ms: 2 tiers, work waited\n52 ms: 3 tiers, work waited\n102 ms: 4 tiers, work waited\n152 ms: 5 tiers, work waited\n");
  // Nor does a tier that has just closed open at once.
  Watched opened = two_open();
  opened.until(52, 0).until(200, 4, 1);
  CHECK(opened.changes() == "52 ms: 1 tiers, idle\n102 ms: 2 tiers, work waited\n");
}

TEST_CASE("a change says from what to what, why, and when") {
  TierPolicy policy({4, 2, 6}, {});
  CHECK_FALSE(policy.step({5 * kMs, 4, 3, false}));
  const auto change = policy.step({6 * kMs, 4, 3, false});
  REQUIRE(change);
  CHECK(*change == TierChange{1, 3, 4, 12, TierReason::WorkWaited, std::chrono::steady_clock::time_point(6ms)});
}

TEST_CASE("an override counts for the tier that it names, and for nothing else") {
  TierOptions options;
  options.overrides = {{.tier = 2, .threshold = 1.0, .spill_delay = 10ms, .hysteresis = 200ms}, {.tier = 3, .lower_threshold = 0.25}};
  Watched tiers({4, 4, 4, 4}, options);
  tiers.until(2, 4, 1).until(151, 8, 0);  // tier 2 has no utilisation at which it opens
  CHECK(tiers.changes() == "2 ms: 2 tiers, work waited\n");
  tiers.until(230, 8, 100);  // its delay is over long before its hysteresis; tier 3 needs less and comes after it
  CHECK(tiers.changes() == "202 ms: 4 tiers, work waited\n");
  tiers.until(1000, 3.1);  // 26 % of twelve
  CHECK(tiers.changes().empty());
  tiers.until(2000, 0);
  CHECK(tiers.changes() == "1051 ms: 3 tiers, idle\n1251 ms: 2 tiers, idle\n1301 ms: 1 tiers, idle\n");
}

TEST_CASE("a tier with a longer spill delay ends what opens at once") {
  TierOptions options;
  options.overrides = {{.tier = 2, .spill_delay = 5ms}};
  Watched tiers({2, 2, 2, 2}, options);
  tiers.until(60, 2, 100);
  CHECK(tiers.changes() == "2 ms: 2 tiers, work waited\n52 ms: 4 tiers, work waited\n");
}

TEST_CASE("an override for a kind counts for the tiers of that kind, wherever they are in the plan") {
  using enum weft::TierKind;
  TierOptions options;
  options.overrides = {{.kind = Siblings, .spill_delay = 10ms}};
  const auto opened = [&](const std::vector<weft::TierKind>& kinds) {
    Watched tiers({4, 4, 4}, options, kinds);
    tiers.until(200, 4, 100);
    return tiers.changes();
  };
  CHECK(opened({HomeDomain, SameNode, Siblings}) == "2 ms: 2 tiers, work waited\n52 ms: 3 tiers, work waited\n");
  CHECK(opened({HomeDomain, Siblings, Surplus}) == "11 ms: 3 tiers, work waited\n");
  CHECK(opened({HomeDomain, SameNode, OtherNodes}) == "2 ms: 3 tiers, work waited\n");
}

TEST_CASE("what an override says for the number of a tier counts more than what another says for its kind") {
  using enum weft::TierKind;
  TierOptions options;
  options.overrides = {{.tier = 1, .spill_delay = 5ms}, {.kind = Siblings, .spill_delay = 20ms, .hysteresis = 100ms}};
  Watched tiers({4, 4}, options, {HomeDomain, Siblings});
  tiers.until(10, 4, 1).until(500, 0);
  CHECK(tiers.changes() == "6 ms: 2 tiers, work waited\n112 ms: 1 tiers, idle\n");
}

TEST_CASE("tiers that are asked for open at once, and no load closes them") {
  Watched tiers({4, 4, 4});
  tiers.until(10, 0, 0, true);
  tiers.ask(3).until(1000, 0, 0, true);
  CHECK(tiers.changes() == "11 ms: 3 tiers, asked for\n");
  CHECK_FALSE(tiers.policy().next_look_ns());
  tiers.ask(2).until(1080, 0, 0, true);
  CHECK(tiers.changes() == "1050 ms: 2 tiers, idle\n");
  CHECK_FALSE(tiers.policy().next_look_ns());
  tiers.ask(1).until(2000, 0, 0, true);
  CHECK(tiers.changes() == "1130 ms: 1 tiers, idle\n");
}

TEST_CASE("tiers are asked for in the pause after a change, too") {
  Watched tiers = two_open();
  tiers.until(52, 0);
  CHECK(tiers.changes() == "52 ms: 1 tiers, idle\n");
  tiers.ask(2).until(60, 0);
  CHECK(tiers.changes() == "53 ms: 2 tiers, asked for\n");
}

TEST_CASE("load opens more tiers than are asked for, and closes them again") {
  Watched tiers({4, 4, 4});
  tiers.ask(2).until(100, 8, 4).until(300, 0, 0, true);
  CHECK(tiers.changes() == "1 ms: 2 tiers, asked for\n51 ms: 3 tiers, work waited\n153 ms: 2 tiers, idle\n");
}

TEST_CASE("more tiers than there are, or none, can be asked for") {
  Watched tiers({4, 4});
  tiers.ask(0).until(10, 0).ask(~0U).until(20, 0);
  CHECK(tiers.changes() == "11 ms: 2 tiers, asked for\n");
  tiers.ask(0).until(100, 0);
  CHECK(tiers.changes() == "70 ms: 1 tiers, idle\n");
}

TEST_CASE("one sample after a rest in which nobody ran closes one tier") {
  Watched tiers({4, 4, 4});
  tiers.until(20, 12, 100).after_gap(5000, 0).after_gap(10000, 0).after_gap(15000, 0);
  CHECK(tiers.changes() == "2 ms: 3 tiers, work waited\n5000 ms: 2 tiers, idle\n10000 ms: 1 tiers, idle\n");
}

TEST_CASE("a rest closes nothing that would have stayed open for as long with samples") {
  Watched tiers = two_open();
  tiers.until(100, 8);
  // From 8 to 2.4 takes the average 11.7 ms in one step; then the window begins.
  tiers.after_gap(150, 0);
  CHECK(tiers.changes().empty());
  tiers.after_gap(161, 0);
  CHECK(tiers.changes().empty());
  tiers.after_gap(162, 0);
  CHECK(tiers.changes() == "162 ms: 1 tiers, idle\n");
}

TEST_CASE("who gives no samples while all sleep is told when to look again") {
  Watched tiers({4, 4, 4});
  CHECK_FALSE(tiers.policy().next_look_ns());
  tiers.until(20, 12, 100);
  std::vector<std::int64_t> looks;
  while (const auto look = tiers.policy().next_look_ns()) {
    REQUIRE(looks.size() < 10);
    looks.push_back(*look);
    const unsigned open = tiers.policy().open();
    tiers.see({*look - 1, 0, 0, true});
    CHECK(tiers.policy().open() == open);
    CHECK(tiers.policy().next_look_ns() == look);
    tiers.see({*look, 0, 0, true});
    CHECK(tiers.policy().open() == open - 1);
  }
  CHECK(looks.size() == 2);
  TierOptions endless;
  endless.hysteresis = std::chrono::nanoseconds::max();
  CHECK_FALSE(two_open(endless).policy().next_look_ns());
}

TEST_CASE("samples that are not later than the one before change nothing") {
  Watched tiers = two_open();
  tiers.until(40, 1);
  for (const std::int64_t now : {std::int64_t{40 * kMs}, std::int64_t{39 * kMs}, std::int64_t{0}, std::int64_t{-5 * kMs}}) {
    tiers.see({now, 8, 100, false});
    tiers.see({now, 0, 0, true});
  }
  tiers.until(100, 1);
  CHECK(tiers.changes() == "52 ms: 1 tiers, idle\n");
  // Work that is seen to wait at one moment, however often, has not waited.
  Watched once({4, 4});
  for (int i = 0; i < 10; ++i) once.see({kMs, 4, 1, false});
  CHECK(once.changes().empty());
}

TEST_CASE("the average does not depend much on how far the samples are apart") {
  const auto opened_at = [](std::int64_t distance_us) {
    TierPolicy policy({4, 4}, {});
    for (std::int64_t now_us = 0;; now_us += distance_us) {
      if (policy.step({now_us * 1000, 4, 0, true})) return now_us;
      if (now_us > 1'000'000) return now_us;
    }
  };
  CHECK(opened_at(100) == 9200);
  CHECK(opened_at(1000) == 10000);
  CHECK(opened_at(3000) == 12000);
}

TEST_CASE("a number of busy workers that cannot be does no harm") {
  Watched tiers = two_open();
  tiers.until(3, std::numeric_limits<double>::quiet_NaN()).until(4, -5).until(5, 1e300).until(200, 0);
  CHECK(tiers.changes() == "52 ms: 1 tiers, idle\n");
}

TEST_CASE("one tier is always open and never changes") {
  Watched tiers({4});
  tiers.until(200, 4, 1000).until(400, 0);
  CHECK(tiers.changes().empty());
  CHECK_FALSE(tiers.policy().next_look_ns());
}

TEST_CASE("options that say nothing sensible are refused with what to do instead") {
  CHECK(refusal({}) == "");
  CHECK(refusal({.threshold = 1.5}) == "weft: TierOptions::threshold is 1.5; it is a share of workers, above 0 and at most 1");
  CHECK(refusal({.threshold = 0}) == "weft: TierOptions::threshold is 0; it is a share of workers, above 0 and at most 1");
  CHECK(refusal({.threshold = std::numeric_limits<double>::quiet_NaN()}) ==
        "weft: TierOptions::threshold is nan; it is a share of workers, above 0 and at most 1");
  CHECK(refusal({.lower_threshold = -0.5}) == "weft: TierOptions::lower_threshold is -0.5; it is a share of workers, above 0 and at most 1");
  CHECK(refusal({.lower_threshold = 0.8}) ==
        "weft: TierOptions::lower_threshold is 0.8 and threshold is 0.8, so that a load between them would open and close a tier without end; the "
        "lower one has to be below");
  CHECK(refusal({.spill_delay = -1ms}) == "weft: TierOptions::spill_delay is -1000000 ns; it cannot be negative, and zero opens a tier at once");
  CHECK(refusal({.hysteresis = 0ms}) ==
        "weft: TierOptions::hysteresis is 0 ns; without one tiers would change at each look, so it has to be more than zero");
  CHECK(refusal({.spill_delay = 0ms}) == "");
  CHECK(refusal({.hysteresis = std::chrono::nanoseconds::max()}) == "");
}

TEST_CASE("overrides that say nothing sensible are refused with what to do instead") {
  const auto refusal_of = [](std::vector<weft::TierOverride> overrides) {
    TierOptions options;
    options.overrides = std::move(overrides);
    return refusal(options);
  };
  CHECK(refusal_of({{.tier = 1, .threshold = 0.9}, {.tier = 3, .hysteresis = 1ms}}) == "");
  CHECK(refusal_of({{.threshold = 0.9}}) == "weft: TierOptions::overrides[0] is for tier 0, which is always open; the first that opens is tier 1");
  CHECK(refusal_of({{.tier = 2}, {.tier = 1}, {.tier = 2}}) ==
        "weft: TierOptions::overrides[2] is for tier 2, as is overrides[0]; put both into one");
  CHECK(refusal_of({{.tier = 2, .threshold = 0.5}}) ==
        "weft: for tier 2 (TierOptions::overrides[0]), lower_threshold is 0.6 and threshold is 0.5, so that a load between them would open and "
        "close a tier without end; the lower one has to be below");
  using enum weft::TierKind;
  CHECK(refusal_of({{.kind = Siblings, .threshold = 0.9}, {.tier = 1, .threshold = 0.7}}) == "");
  CHECK(refusal_of({{.kind = HomeDomain}}) == "weft: TierOptions::overrides[0] is for the kind \"home L3 domain\", which is always open");
  CHECK(refusal_of({{.kind = All}}) == "weft: TierOptions::overrides[0] is for the kind \"all processors\", which is always open");
  CHECK(refusal_of({{.tier = 2, .kind = Siblings}}) ==
        "weft: TierOptions::overrides[0] is for the kind \"SMT siblings\" and for tier 2; it can be for one of them");
  CHECK(refusal_of({{.kind = SameNode}, {.kind = Siblings}, {.kind = SameNode}}) ==
        "weft: TierOptions::overrides[2] is for the kind \"other L3 domains of the node\", as is overrides[0]; put both into one");
  CHECK(refusal_of({{.kind = Siblings, .lower_threshold = 0.9}})
            .starts_with("weft: for the kind \"SMT siblings\" (TierOptions::overrides[0]), lower_threshold is 0.9 and threshold is 0.8, "));
  CHECK(refusal_of({{.tier = 1, .threshold = 0.65}, {.kind = Siblings, .lower_threshold = 0.7}})
            .starts_with("weft: for tier 1 (TierOptions::overrides[0]), where it is of the kind \"SMT siblings\" (TierOptions::overrides[1]), "
                         "lower_threshold is 0.7 and threshold is 0.65, "));
  CHECK(refusal_of({{.tier = 1, .hysteresis = -1ms}}).starts_with("weft: for tier 1 (TierOptions::overrides[0]), hysteresis is -1000000 ns; "));
}
