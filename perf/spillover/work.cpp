#include "spillover/work.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include "spillover/runtimes.hpp"
#include "support/bench.hpp"

namespace spillover {
namespace {

/// Each round needs the one before, so that no processor does several at once.
std::uint64_t compute(std::uint64_t rounds) noexcept {
  std::uint64_t value = 1;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    value = value * 6364136223846793005U + 1442695040888963407U;
    value ^= value >> 33U;
  }
  return value;
}

/// The shortest of many: the others were interrupted.
double seconds_per_round() {
  static const double measured = [] {
    constexpr std::uint64_t kRounds = 20'000;
    double best = 1;
    for (int turn = 0; turn < 500; ++turn) {
      const auto begin = Clock::now();
      auto value = compute(kRounds);
      benchmark::DoNotOptimize(value);
      best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
    }
    return best / kRounds;
  }();
  return measured;
}

double measure_share() {
  const Work work(std::chrono::microseconds(100));
  constexpr std::chrono::milliseconds kLong(300);
  std::vector<double> done(workers());
  {
    std::vector<std::jthread> threads;
    for (double& mine : done) {
      threads.emplace_back([&mine, &work, kLong] {
        const auto begin = Clock::now();
        double count = 0;
        for (; Clock::now() - begin < kLong; ++count) work.run();
        mine = count;
      });
    }
  }
  double all = 0;
  for (const double count : done) all += count;
  return std::min(1.0, all * 100e-6 / std::chrono::duration<double>(kLong).count() / workers());
}

}  // namespace

Work::Work(std::chrono::nanoseconds length)
    : rounds_(static_cast<std::uint64_t>(std::chrono::duration<double>(length).count() / seconds_per_round())),
      expected_(compute(rounds_)) {}

void Work::run() const { perf::verify(compute(rounds_) == expected_, "a job of the load"); }

double share_of_each_processor() {
  static const double share = measure_share();
  return share;
}

}  // namespace spillover
