#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "schedule.hpp"
#include "work.hpp"

using namespace spillover;

namespace {

bool is_same(const Arrival& a, const Arrival& b) { return a.due == b.due && a.kind == b.kind; }

double jobs_in(const std::vector<Arrival>& schedule, double begin, double end) {
  return static_cast<double>(std::count_if(schedule.begin(), schedule.end(), [&](const Arrival& a) {
    const double due = std::chrono::duration<double>(a.due).count();
    return due >= begin && due < end;
  }));
}

}  // namespace

TEST_CASE("a load rises from the least to the peak and falls again") {
  const LoadProfile profile(8, 0.1, 0.9);
  CHECK(profile.at(0) == Approx(0.1));
  CHECK(profile.at(1) == Approx(0.1));
  CHECK(profile.at(2) == Approx(0.5));
  CHECK(profile.at(3) == Approx(0.9));
  CHECK(profile.at(5) == Approx(0.9));
  CHECK(profile.at(6) == Approx(0.5));
  CHECK(profile.at(8) == Approx(0.1));
  CHECK(profile.seconds() == Approx(8));
  CHECK(profile.average(profile.phases()[1]) == Approx(0.5));
}

TEST_CASE("phases follow each other without a gap") {
  const LoadProfile profile(4, 0.1, 0.9);
  double end = 0;
  for (const Phase& phase : profile.phases()) {
    CHECK(phase.begin == Approx(end));
    CHECK(phase.end > phase.begin);
    CHECK(&profile.phase_at(phase.begin) == &phase);
    end = phase.end;
  }
  CHECK(end == Approx(4));
  CHECK(&profile.phase_at(5) == &profile.phases().back());
}

TEST_CASE("the same seed gives the same schedule, and another one another") {
  const LoadProfile profile(2, 0.1, 0.9);
  const auto first = make_schedule(profile, 1000, 7);
  const auto again = make_schedule(profile, 1000, 7);
  const auto other = make_schedule(profile, 1000, 8);
  CHECK(std::equal(first.begin(), first.end(), again.begin(), again.end(), is_same));
  CHECK_FALSE(std::equal(first.begin(), first.end(), other.begin(), other.end(), is_same));
}

TEST_CASE("jobs come in order, and as many as the load asks for") {
  const LoadProfile profile(8, 0.1, 0.9);
  const double rate = 20'000;
  const auto schedule = make_schedule(profile, rate, 1);
  CHECK(std::is_sorted(schedule.begin(), schedule.end(),
                       [](const Arrival& a, const Arrival& b) { return a.due < b.due; }));
  for (const Phase& phase : profile.phases()) {
    const double wanted = profile.average(phase) * rate * (phase.end - phase.begin);
    // Five times the deviation of a Poisson process; the seed is fixed.
    CHECK(std::abs(jobs_in(schedule, phase.begin, phase.end) - wanted) < 5 * std::sqrt(wanted));
  }
  CHECK(std::all_of(schedule.begin(), schedule.end(),
                    [](const Arrival& arrival) { return arrival.kind < Work::kKinds; }));
}

TEST_CASE("a load of nothing at the ends, and one that is lower in the middle, are schedules too") {
  CHECK(jobs_in(make_schedule({8, 0, 0.5}, 1000, 1), 0, 1) == 0);
  const auto valley = make_schedule({8, 0.9, 0.1}, 1000, 1);
  CHECK(jobs_in(valley, 0, 1) > jobs_in(valley, 3.5, 4.5));
}

TEST_CASE("a job gives its own result") {
  const Work work(1000);
  for (unsigned kind = 0; kind < Work::kKinds; ++kind) CHECK(work.run(kind));
}
