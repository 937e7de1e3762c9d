#include "work.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

namespace spillover {
namespace {

/// Each round needs the one before, so that no processor does several at once.
std::uint64_t compute(std::uint64_t value, std::uint64_t rounds) noexcept {
  for (std::uint64_t i = 0; i < rounds; ++i) {
    value = value * 6364136223846793005U + 1442695040888963407U;
    value ^= value >> 33U;
  }
  return value;
}

}  // namespace

Work::Work(std::uint64_t rounds) : rounds_(rounds) {
  for (unsigned kind = 0; kind < kKinds; ++kind) expected_[kind] = compute(kind, rounds);
}

bool Work::run(unsigned kind) const noexcept { return compute(kind, rounds_) == expected_[kind]; }

Speed measure_speed(unsigned processors) {
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  constexpr std::uint64_t kRounds = 20'000;
  constexpr Seconds kLong(0.3);
  struct Measured {
    Seconds fastest{1e9};  // of many: the others were interrupted
    Seconds all{0};
    double turns = 0;
    std::uint64_t value = 1;  // kept, so that it is computed
  };
  std::vector<Measured> measured(processors);
  {
    std::vector<std::jthread> threads;
    for (Measured& place : measured) {
      threads.emplace_back([&place, kLong] {
        Measured own;
        const Clock::time_point begin = Clock::now();
        while (own.all < kLong) {
          const Clock::time_point before = Clock::now();
          own.value = compute(own.value, kRounds);
          own.fastest = std::min<Seconds>(own.fastest, Clock::now() - before);
          own.turns += 1;
          own.all = Clock::now() - begin;
        }
        place = own;
      });
    }
  }
  Seconds fastest = measured.front().fastest;
  for (const Measured& one : measured) fastest = std::min(fastest, one.fastest);
  Speed speed{kRounds / fastest.count(), 0};
  for (const Measured& one : measured) speed.share += one.turns * fastest / one.all / processors;
  return speed;
}

}  // namespace spillover
