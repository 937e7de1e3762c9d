#include <catch2/catch.hpp>

#include "sched/limit_watch.hpp"

using weft::LimitWatch;

namespace {

unsigned limit_after(LimitWatch& watch, unsigned in_mask, double quota) {
  const unsigned before = watch.limit();
  const bool has_changed = watch.look({in_mask, quota});
  CHECK(has_changed == (watch.limit() != before));
  return watch.limit();
}

}  // namespace

TEST_CASE("as many workers may be awake as there are processors left, and all when they are back") {
  LimitWatch watch(8, 0);
  CHECK(limit_after(watch, 8, 0) == 8);
  CHECK(limit_after(watch, 6, 0) == 6);
  CHECK(limit_after(watch, 6, 3.5) == 4);
  CHECK(limit_after(watch, 6, 0) == 6);
  CHECK(limit_after(watch, 16, 0) == 8);
}

TEST_CASE("workers for which there are processors left stay awake") {
  LimitWatch watch(2, 0);
  CHECK(limit_after(watch, 8, 0) == 2);
  CHECK(limit_after(watch, 3, 0) == 2);
  CHECK(limit_after(watch, 1, 0) == 1);
}

TEST_CASE("who has asked for more workers than there are processors keeps them") {
  LimitWatch watch(8, 0);
  CHECK(limit_after(watch, 4, 0) == 8);
  CHECK(limit_after(watch, 1, 0) == 8);
}

TEST_CASE("a quota that is set before the first look is a change") {
  LimitWatch watch(8, 0);
  CHECK(limit_after(watch, 8, 2) == 2);
}
