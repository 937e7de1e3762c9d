#include <catch2/catch.hpp>

#include "sched/patience.hpp"

using weft::Patience;

TEST_CASE("who finds nothing again and again looks less long each time, but once in a while as long as ever") {
  Patience patience;
  CHECK(patience.rounds() == Patience::kMost);
  int before = patience.rounds();
  int sum = 0;
  int long_ones = 0;
  for (int i = 0; i < Patience::kTries * 4; ++i) {
    patience.found_nothing();
    const int rounds = patience.rounds();
    CHECK((rounds <= before || rounds == Patience::kMost));
    CHECK(rounds >= Patience::kLeast);
    if (rounds == Patience::kMost) {
      ++long_ones;
    } else {
      before = rounds;
    }
    sum += rounds;
  }
  CHECK(before == Patience::kLeast);
  CHECK(long_ones == 4);
  CHECK(sum < Patience::kTries * 4 * 5);
}

TEST_CASE("what was found by looking on makes the next search long again, what was there at once does not") {
  Patience patience;
  for (int i = 0; i < 6; ++i) patience.found_nothing();
  const int impatient = patience.rounds();
  REQUIRE(impatient == Patience::kLeast);
  patience.found_in(0);
  CHECK(patience.rounds() == impatient);
  patience.found_in(1);
  CHECK(patience.rounds() == Patience::kMost);
}

TEST_CASE("what the kernel would have woken the worker for makes no search longer, and the next ones shorter") {
  Patience patience;
  patience.found_due();
  CHECK(patience.rounds() < Patience::kMost);
  for (int i = 0; i < 6; ++i) patience.found_due();
  CHECK(patience.rounds() == Patience::kLeast);
  patience.found_in(1);
  CHECK(patience.rounds() == Patience::kMost);
}
