#include <catch2/catch.hpp>
#include <weft/base/backoff.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace {

double own_processor_time_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

}  // namespace

TEST_CASE("a backoff that is asked again and again leaves the processor to others") {
  const auto start = std::chrono::steady_clock::now();
  const double used_before = own_processor_time_ms();
  weft::Backoff backoff;
  int turns = 0;
  for (; std::chrono::steady_clock::now() - start < std::chrono::milliseconds(300); ++turns) backoff.pause();
  CHECK(own_processor_time_ms() - used_before < 60);
  CHECK(turns < 2000);
}

TEST_CASE("a backoff sleeps for some milliseconds at most, so that it looks again soon") {
  weft::Backoff backoff;
  for (int i = 0; i < 200; ++i) backoff.pause();
  // The shortest of many: on a machine that is busy most take longer than they should.
  auto shortest = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 50; ++i) {
    const auto start = std::chrono::steady_clock::now();
    backoff.pause();
    shortest = std::min(shortest, std::chrono::steady_clock::now() - start);
  }
  CHECK(shortest >= std::chrono::milliseconds(1));
  CHECK(shortest < std::chrono::milliseconds(10));
}
