#include <catch2/catch.hpp>

#include "sched/idle.hpp"

#include <set>

using weft::Idle;

namespace {
bool hints(const Idle& idle) { return idle.wake_hint().load() != 0; }
}  // namespace

TEST_CASE("at first all workers sleep, and pushers are told so") {
  Idle idle(3, false);
  CHECK(idle.busy() == 0);
  CHECK(hints(idle));
}

TEST_CASE("a claimed sleeper searches, and nobody else is woken meanwhile") {
  Idle idle(2, false);
  const auto first = idle.claim_sleeper();
  REQUIRE(first.has_value());
  CHECK_FALSE(hints(idle));
  CHECK_FALSE(idle.claim_sleeper().has_value());
  CHECK(idle.stop_searching());  // the last searcher, and somebody sleeps: the baton
  CHECK(hints(idle));
  const auto second = idle.claim_sleeper();
  REQUIRE(second.has_value());
  CHECK(*second != *first);
  CHECK_FALSE(idle.stop_searching());  // nobody is left to be woken
  CHECK_FALSE(hints(idle));
  CHECK(idle.busy() == 2);
}

TEST_CASE("the worker that went to sleep last is woken first") {
  Idle idle(3, false);
  idle.claim_all([](unsigned) {});
  for (int i = 0; i < 3; ++i) static_cast<void>(idle.stop_searching());
  idle.announce_sleep(1, false);
  idle.announce_sleep(2, false);
  idle.announce_sleep(0, false);
  CHECK(idle.claim_sleeper() == 0u);
  static_cast<void>(idle.stop_searching());
  CHECK(idle.claim_sleeper() == 2u);
}

TEST_CASE("at most as many search as half of those who are busy") {
  Idle idle(4, false);
  idle.claim_all([](unsigned) {});
  for (int i = 0; i < 4; ++i) static_cast<void>(idle.stop_searching());
  CHECK(idle.try_start_searching(0));
  CHECK(idle.try_start_searching(0));
  CHECK_FALSE(idle.try_start_searching(0));
}

TEST_CASE("a worker that found work in its last look takes its announcement back, unless it was claimed") {
  Idle idle(2, false);
  REQUIRE(idle.claim_sleeper().has_value());
  idle.announce_sleep(0, true);
  CHECK(hints(idle));
  CHECK(idle.cancel_sleep(0, false));
  CHECK_FALSE(hints(idle));  // it searches
  idle.announce_sleep(0, true);
  CHECK(idle.claim_sleeper() == 0u);
  CHECK_FALSE(idle.cancel_sleep(0, false));
}

TEST_CASE("a guest takes a sleeper's seat and counts as busy") {
  Idle idle(2, false);
  const auto seat = idle.claim_for_guest();
  REQUIRE(seat.has_value());
  CHECK(idle.busy() == 1);
  CHECK(hints(idle));  // the other one sleeps, and nobody searches
  const auto other = idle.claim_for_guest();
  REQUIRE(other.has_value());
  CHECK_FALSE(idle.claim_for_guest().has_value());
  CHECK_FALSE(hints(idle));
  idle.announce_sleep(*seat, false);
  CHECK(hints(idle));
}

TEST_CASE("without an asymmetric fence the hint is always set, so that pushers fence") {
  Idle idle(1, true);
  CHECK(hints(idle));
  REQUIRE(idle.claim_sleeper().has_value());
  CHECK(hints(idle));
}

TEST_CASE("claim_all wakes every sleeper once") {
  Idle idle(5, false);
  std::set<unsigned> claimed;
  idle.claim_all([&](unsigned worker) { claimed.insert(worker); });
  CHECK(claimed == std::set<unsigned>{0, 1, 2, 3, 4});
  CHECK_FALSE(idle.claim_for_guest().has_value());
}

namespace {

/// Two tiers of two workers each, and a spare worker; all asleep.
struct TwoTiers {
  TwoTiers() { idle.add_sleeper(4); }
  struct Rank {
    static bool is_any() { return false; }
    unsigned operator()(unsigned worker) const { return worker; }
  };
  std::optional<unsigned> wake() {
    const auto woken = idle.claim_sleeper(Rank{});
    if (woken) static_cast<void>(idle.stop_searching());
    return woken;
  }
  Idle idle{4, false, 5};
};

}  // namespace

TEST_CASE("workers of closed tiers are not woken, and neither are spare ones in their place") {
  TwoTiers tiers;
  CHECK(tiers.idle.set_open(2));
  CHECK(tiers.wake() == 0u);
  CHECK(tiers.wake() == 1u);
  CHECK_FALSE(hints(tiers.idle));
  CHECK_FALSE(tiers.wake());
  CHECK(tiers.idle.set_open(4));
  CHECK(hints(tiers.idle));
  CHECK(tiers.wake() == 2u);
  CHECK(tiers.wake() == 3u);
  CHECK_FALSE(tiers.wake());
}

TEST_CASE("who is awake when its tier is closed rests; the others do not rest for it, and are woken as if it were not there") {
  TwoTiers tiers;
  for (unsigned i = 0; i < 3; ++i) CHECK(tiers.wake() == i);
  tiers.idle.announce_sleep(1, false);
  CHECK(tiers.idle.set_open(2));
  CHECK((tiers.idle.wake_hint().load() & Idle::kLeaving) != 0);
  CHECK((tiers.idle.wake_hint().load() & Idle::kTooMany) == 0);
  CHECK_FALSE(tiers.idle.try_rest(0));
  CHECK_FALSE(tiers.idle.try_start_searching(2));
  CHECK(tiers.wake() == 1u);
  CHECK_FALSE(tiers.idle.try_rest(1));
  CHECK(tiers.idle.try_rest(2));
  CHECK((tiers.idle.wake_hint().load() & Idle::kLeaving) == 0);
  CHECK_FALSE(tiers.idle.cancel_sleep(2, false));  // it stays asleep, whatever it sees
  CHECK_FALSE(tiers.wake());
  CHECK(tiers.idle.cancel_sleep(2, true));
}

TEST_CASE("in the place of a blocked worker first one of a closed tier is woken, and a spare one last") {
  TwoTiers tiers;
  static_cast<void>(tiers.idle.set_open(1));
  CHECK(tiers.wake() == 0u);
  for (const unsigned next : {1U, 2U, 3U, 4U}) {
    CHECK_FALSE(tiers.wake());
    CHECK(tiers.idle.allow(1));
    CHECK(tiers.wake() == next);
    CHECK((tiers.idle.wake_hint().load() & (Idle::kLeaving | Idle::kTooMany)) == 0);
  }
  CHECK_FALSE(tiers.idle.allow(-1));
  CHECK(tiers.idle.try_rest(4));
  CHECK_FALSE(tiers.idle.try_rest(3));  // three are blocked, and three of closed tiers are in their places
  CHECK_FALSE(tiers.idle.allow(-1));
  CHECK(tiers.idle.try_rest(1));
  CHECK_FALSE(tiers.idle.try_rest(2));
}

TEST_CASE("an open worker that sleeps is woken before one of a closed tier in a blocked one's place") {
  TwoTiers tiers;
  CHECK(tiers.wake() == 0u);
  static_cast<void>(tiers.idle.set_open(2));
  static_cast<void>(tiers.idle.allow(1));  // worker 0 is blocked
  CHECK(tiers.wake() == 1u);
  CHECK(tiers.wake() == 2u);
  CHECK_FALSE(tiers.wake());
}

TEST_CASE("one of a closed tier that is blocked itself is in nobody's place") {
  TwoTiers tiers;
  for (unsigned i = 0; i < 4; ++i) CHECK(tiers.wake() == i);
  static_cast<void>(tiers.idle.allow(1));  // worker 0 is blocked; and so is 3, but no more may be replaced
  tiers.idle.announce_sleep(1, false);
  tiers.idle.announce_sleep(2, false);
  static_cast<void>(tiers.idle.set_open(1));
  CHECK(tiers.wake() == 1u);  // in the place of 0
  CHECK_FALSE(tiers.wake());
  // Both are told that somebody leaves, and that their tier is closed.
  CHECK((tiers.idle.wake_hint().load() & Idle::kLeaving) != 0);
  CHECK_FALSE(tiers.idle.must_leave(1));
  CHECK(tiers.idle.must_leave(3));
  CHECK_FALSE(tiers.idle.try_rest(1));
  CHECK(tiers.idle.try_rest(3));
}

TEST_CASE("an open worker that sleeps counts as idle only if it may be woken") {
  TwoTiers tiers;
  CHECK(tiers.wake() == 0u);
  static_cast<void>(tiers.idle.set_open(1));
  static_cast<void>(tiers.idle.allow(1));  // worker 0 is blocked
  for (const unsigned closed : {1U, 2U, 3U}) CHECK(tiers.idle.try_claim_for_guest(closed));  // away for a moment, as for the monitor
  CHECK(tiers.wake() == 4u);
  static_cast<void>(tiers.idle.allow(-1));
  CHECK(tiers.idle.try_rest(0));
  CHECK_FALSE(tiers.wake());
  CHECK_FALSE(tiers.idle.is_anybody_idle());
  tiers.idle.announce_sleep(4, false);
  CHECK(tiers.idle.is_anybody_idle());
}

TEST_CASE("to take the seat of a sleeper whose tier is closed, to trim it, makes nobody rest") {
  TwoTiers tiers;
  CHECK(tiers.wake() == 0u);
  static_cast<void>(tiers.idle.set_open(1));
  CHECK(tiers.idle.try_claim_for_guest(2));
  CHECK((tiers.idle.wake_hint().load() & Idle::kTooMany) == 0);
  CHECK_FALSE(tiers.idle.try_rest(0));
  tiers.idle.announce_sleep(2, false);
  static_cast<void>(tiers.idle.allow(1));
  CHECK(tiers.wake() == 1u);
  CHECK(tiers.idle.try_claim_for_guest(2));
  CHECK((tiers.idle.wake_hint().load() & Idle::kTooMany) == 0);
  CHECK_FALSE(tiers.idle.try_rest(0));
  CHECK_FALSE(tiers.idle.try_rest(1));
}

namespace {

/// A worker that sees work it has no time for.
struct SeesWork {
  int& calls;
  bool wakes;
  [[nodiscard]] bool wants_to_search() const { return true; }
  [[nodiscard]] bool search() const { return true; }
  void count_park() const {}
  void heavy_fence() const {}
  [[nodiscard]] bool has_visible_work() const { return true; }
  [[nodiscard]] bool is_stopping() const { return false; }
  bool wake_one() const { return wakes; }
  [[nodiscard]] bool try_unpark(unsigned) const { return true; }
  void call_busy() const { ++calls; }
  void about_to_sleep() const {}
  [[nodiscard]] bool park() const { return true; }
  void wake_due() const {}
  [[nodiscard]] bool has_unknown_wakeup(unsigned) const { return false; }
  void watch_timers() const {}
};

}  // namespace

TEST_CASE("who leaves a closed tier and can wake nobody for what it sees calls those who are busy") {
  for (const bool wakes : {false, true}) {
    TwoTiers tiers;
    for (unsigned i = 0; i < 3; ++i) CHECK(tiers.wake() == i);
    static_cast<void>(tiers.idle.set_open(2));
    int calls = 0;
    CHECK(weft::wait_for_work(tiers.idle, 2, SeesWork{calls, wakes}));
    CHECK(calls == (wakes ? 0 : 1));
    give_seat_back(tiers.idle, 1, true, SeesWork{calls, wakes});
    CHECK(calls == (wakes ? 0 : 2));
  }
}

TEST_CASE("a worker whose timer is due wakes by itself, unless its tier is closed or as many are awake as may be") {
  TwoTiers tiers;
  static_cast<void>(tiers.idle.set_open(2));
  CHECK_FALSE(tiers.idle.try_wake(2));
  CHECK(tiers.idle.try_wake(1));
  CHECK_FALSE(tiers.idle.try_wake(1));  // it is awake
  static_cast<void>(tiers.idle.stop_searching());
  static_cast<void>(tiers.idle.set_limit(1));
  CHECK_FALSE(tiers.idle.try_wake(0));
  static_cast<void>(tiers.idle.set_limit(2));
  CHECK(tiers.idle.try_wake(0));
}

TEST_CASE("a limit leaves no more awake than it says, whatever is open, and opens nothing") {
  TwoTiers tiers;
  static_cast<void>(tiers.idle.set_open(2));
  CHECK(tiers.idle.set_limit(3));  // of four
  CHECK(tiers.wake() == 0u);
  CHECK(tiers.wake() == 1u);
  CHECK_FALSE(tiers.wake());
  CHECK_FALSE(tiers.idle.try_rest(1));
  CHECK_FALSE(tiers.idle.set_limit(1));
  CHECK(tiers.idle.try_rest(1));
  CHECK_FALSE(tiers.idle.try_rest(0));
  CHECK_FALSE(tiers.wake());
  CHECK(tiers.idle.allow(1));  // worker 0 is blocked
  CHECK(tiers.wake() == 1u);
  CHECK(tiers.idle.set_limit(4));
  CHECK(tiers.wake() == 2u);  // of a closed tier, in the place of worker 0
  CHECK_FALSE(tiers.wake());
}
