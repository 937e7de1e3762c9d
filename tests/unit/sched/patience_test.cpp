#include <catch2/catch.hpp>

#include "sched/patience.hpp"

#include <algorithm>
#include <vector>

using weft::Patience;

TEST_CASE("who finds nothing again and again looks less long each time, at last not at all, but once in a while as long as ever, more and more seldom") {
  Patience patience;
  CHECK(patience.rounds() == Patience::kMost);
  int before = patience.rounds();
  std::vector<unsigned> long_ones;
  for (unsigned i = 1; i <= 4000; ++i) {
    const bool searches = patience.decide_to_search();
    if (searches) patience.found_nothing();
    const int rounds = patience.rounds();
    CHECK(rounds >= Patience::kLeast);
    if (rounds == Patience::kMost) {
      long_ones.push_back(i);
    } else {
      CHECK(rounds <= before);
      before = rounds;
    }
  }
  CHECK(before == Patience::kLeast);
  REQUIRE(long_ones.size() > 5);
  for (std::size_t i = 1; i < long_ones.size(); ++i) {
    const unsigned tries = std::min(Patience::kTries << i, Patience::kMostTries);
    CHECK(long_ones[i] - long_ones[i - 1] == tries);
  }
}

TEST_CASE("who has lost patience and finds something by looking on after all is patient again, and tries again as soon as before") {
  Patience patience;
  for (unsigned i = 0; i < 4000; ++i) {
    if (patience.decide_to_search()) patience.found_nothing();
  }
  patience.found_in(1);
  unsigned until_long = 0;
  while (patience.rounds() == Patience::kMost) patience.found_nothing();
  for (; patience.rounds() != Patience::kMost; ++until_long) patience.found_nothing();
  CHECK(until_long < Patience::kTries);
}

TEST_CASE("what was found by looking on makes the next search long again, what was there at once does not") {
  Patience patience;
  for (int i = 0; i < 7; ++i) patience.found_nothing();
  const int impatient = patience.rounds();
  REQUIRE(impatient == Patience::kLeast);
  patience.found_in(0);
  CHECK(patience.rounds() == impatient);
  patience.found_in(1);
  CHECK(patience.rounds() == Patience::kMost);
}

TEST_CASE("what the kernel would have woken the worker for makes no search longer, and the next ones shorter") {
  for (const int round : {0, 1}) {
    Patience patience;
    patience.found_due(round);
    CHECK(patience.rounds() < Patience::kMost);
    for (int i = 0; i < 7; ++i) patience.found_due(round);
    CHECK(patience.rounds() == Patience::kLeast);
    patience.found_in(1);
    CHECK(patience.rounds() == Patience::kMost);
  }
}

TEST_CASE("who is woken by the kernel each time still looks around before its sleep once in a while") {
  Patience patience;
  int searches = 0;
  for (int i = 0; i < 4000; ++i) {
    if (patience.decide_to_search()) {
      ++searches;
      patience.found_nothing();
    }
    patience.found_due(0);
  }
  CHECK(searches > 4000 / 300);
  CHECK(searches < 4000 / 100);
}
