#include <catch2/catch.hpp>

#include "sched/limit_watch.hpp"

using weft::CpuLimits;
using weft::LimitWatch;

TEST_CASE("as many workers fewer may be awake as there are fewer processors, and as many more when they are back") {
  LimitWatch watch(8);
  CHECK(watch.look({8, 0}) == 0);
  CHECK(watch.look({6, 0}) == -2);
  CHECK(watch.look({6, 3.5}) == -2);
  CHECK(watch.limit() == 4);
  CHECK(watch.look({6, 0}) == 2);
  CHECK(watch.look({16, 0}) == 2);
  CHECK(watch.limit() == 8);
}

TEST_CASE("workers for which there are processors left stay awake") {
  LimitWatch watch(2);
  CHECK(watch.look({8, 0}) == 0);
  CHECK(watch.look({3, 0}) == 0);
  CHECK(watch.look({1, 0}) == -1);
}

TEST_CASE("who has asked for more workers than there are processors keeps them") {
  LimitWatch watch(8);
  CHECK(watch.look({4, 0}) == 0);
  CHECK(watch.look({1, 0}) == 0);
  CHECK(watch.limit() == 8);
}
