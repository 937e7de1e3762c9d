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
  CHECK(idle.try_start_searching());
  CHECK(idle.try_start_searching());
  CHECK_FALSE(idle.try_start_searching());
}

TEST_CASE("a worker that found work in its last look takes its announcement back, unless it was claimed") {
  Idle idle(2, false);
  REQUIRE(idle.claim_sleeper().has_value());
  idle.announce_sleep(0, true);
  CHECK(hints(idle));
  CHECK(idle.cancel_sleep(0));
  CHECK_FALSE(hints(idle));  // it searches
  idle.announce_sleep(0, true);
  CHECK(idle.claim_sleeper() == 0u);
  CHECK_FALSE(idle.cancel_sleep(0));
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
