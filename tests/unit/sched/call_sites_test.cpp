// Where a blocked thread is, as return addresses and as text.
#include <catch2/catch.hpp>

#include "sched/call_sites.hpp"

using weft::CallSites;
using weft::describe;

TEST_CASE("a thread that has not said where it is has a place without lines, which is new once") {
  CallSites sites;
  CHECK(describe({}).empty());  // UBSan sees a null pointer that is handed on
  CHECK(sites.insert({}));
  CHECK_FALSE(sites.insert({}));
}

TEST_CASE("places differ by their frames, and each has a line") {
  static int here, there;  // addresses of no function: described by their object
  CallSites sites;
  CHECK(sites.insert({&here}));
  CHECK(sites.insert({&here, &there}));
  CHECK_FALSE(sites.insert({&here}));
  CHECK(describe({&here, &there}).size() == 2);
}
