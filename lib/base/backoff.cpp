#include <weft/base/backoff.hpp>

#include <sched.h>

#include <algorithm>
#include <ctime>

namespace weft::inline v0 {

void Backoff::yield_or_sleep() noexcept {
  constexpr unsigned kDoublings = 5;
  constexpr long kShortest = 50'000;   // ns
  constexpr long kLongest = 1'000'000;  // ns
  if (turn_ < kPauses + kYields) {
    ++turn_;
    ::sched_yield();
    return;
  }
  const unsigned slept = turn_ - (kPauses + kYields);
  if (slept < kDoublings) ++turn_;
  const timespec span{0, std::min(kShortest << slept, kLongest)};
  ::nanosleep(&span, nullptr);  // may be cut short by a signal: the caller looks again anyway
}

}  // namespace weft::inline v0
