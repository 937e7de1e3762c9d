#include <catch2/catch.hpp>

#include "sched/limit_watch.hpp"

#include <numeric>
#include <vector>

using weft::LimitWatch;

namespace {

std::vector<unsigned> first_processors(unsigned count) {
  std::vector<unsigned> processors(count);
  std::iota(processors.begin(), processors.end(), 0U);
  return processors;
}

LimitWatch made_for(unsigned workers) { return {workers, first_processors(workers), 0}; }

unsigned limit_after(LimitWatch& watch, unsigned in_mask, double quota) {
  const unsigned before = watch.limit();
  const std::vector<unsigned> processors_before = watch.processors();
  const bool has_changed = watch.look(first_processors(in_mask), quota);
  CHECK(watch.processors() == first_processors(in_mask));
  CHECK(has_changed == (watch.limit() != before || watch.processors() != processors_before));
  return watch.limit();
}

}  // namespace

TEST_CASE("as many workers may be awake as there are processors left, and all when they are back") {
  LimitWatch watch = made_for(8);
  CHECK(limit_after(watch, 8, 0) == 8);
  CHECK(limit_after(watch, 6, 0) == 6);
  CHECK(limit_after(watch, 6, 3.5) == 4);
  CHECK(limit_after(watch, 6, 0) == 6);
  CHECK(limit_after(watch, 16, 0) == 8);
}

TEST_CASE("workers for which there are processors left stay awake") {
  LimitWatch watch = made_for(2);
  CHECK(limit_after(watch, 8, 0) == 2);
  CHECK(limit_after(watch, 3, 0) == 2);
  CHECK(limit_after(watch, 1, 0) == 1);
}

TEST_CASE("who has asked for more workers than there are processors keeps them") {
  LimitWatch watch = made_for(8);
  CHECK(limit_after(watch, 4, 0) == 8);
  CHECK(limit_after(watch, 1, 0) == 8);
}

TEST_CASE("a quota that is set before the first look is a change") {
  LimitWatch watch = made_for(8);
  CHECK(limit_after(watch, 8, 2) == 2);
}

TEST_CASE("as many processors as before are a change if they are others") {
  LimitWatch watch(1, {0}, 0);
  CHECK_FALSE(watch.look({0}, 0));
  CHECK(watch.look({1}, 0));
  CHECK_FALSE(watch.look({1}, 0));
  CHECK(watch.limit() == 1);
}

TEST_CASE("processors that go are a change although enough are left for all workers") {
  LimitWatch watch(4, first_processors(8), 0);
  CHECK_FALSE(watch.look(first_processors(8), 0));
  CHECK(watch.look({2, 3, 4, 5, 6, 7}, 0));
  CHECK(watch.limit() == 4);
}

TEST_CASE("processors that went before the first look are a change") {
  LimitWatch watch(1, {0}, 0);
  CHECK(watch.look({1}, 0));
}
