#include "ticker.hpp"

#include <algorithm>

namespace legacy_port {
namespace {

constexpr std::chrono::milliseconds kPeriod{5};

}  // namespace

Ticker::Ticker(weft::Runtime& runtime) : runtime_(runtime), thread_([this] { run(); }) {}

void Ticker::stop() {
  if (!thread_.joinable()) return;
  // relaxed: nothing else is passed on by it.
  is_over_.store(true, std::memory_order_relaxed);
  thread_.join();
  ticks_.wait();
}

Lateness Ticker::lateness() const {
  if (delays_.empty()) return {};
  std::vector<std::chrono::nanoseconds> sorted = delays_;
  std::sort(sorted.begin(), sorted.end());
  const auto quantile = [&](std::size_t percent) {
    return sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
  };
  return {sorted.size(), quantile(50), quantile(99), sorted.back()};
}

void Ticker::run() {
  Clock::time_point next = Clock::now();
  do {
    const Clock::time_point posted = Clock::now();
    runtime_.spawn([this, posted] { note(posted); }, ticks_, {.priority = weft::Priority::High});
    next += kPeriod;
    std::this_thread::sleep_until(next);
    // relaxed: see stop().
  } while (!is_over_.load(std::memory_order_relaxed));
}

void Ticker::note(Clock::time_point posted) {
  const std::chrono::nanoseconds delay = Clock::now() - posted;
  const std::lock_guard lock(mutex_);
  delays_.push_back(delay);
}

}  // namespace legacy_port
