#include "support/manual_clock.hpp"

#include <atomic>
#include <cstdint>
#include <ctime>
#include <utility>

namespace {

constinit std::atomic<std::int64_t> shown{0};  // nanoseconds; 0: the kernel's time
constinit thread_local const std::function<void()>* at_next_look = nullptr;

}  // namespace

// Instead of the one of libstdc++, for the whole program.
[[gnu::visibility("default")]] std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
  if (at_next_look != nullptr) (*std::exchange(at_next_look, nullptr))();
  if (const std::int64_t manual = shown.load(); manual != 0) return time_point(std::chrono::nanoseconds(manual));
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

namespace weft_test {

ManualClock::ManualClock() { shown.store(std::chrono::steady_clock::now().time_since_epoch().count()); }

ManualClock::~ManualClock() { shown.store(0); }

void ManualClock::advance(std::chrono::nanoseconds span) { shown.fetch_add(span.count()); }

void at_next_look_at_clock(const std::function<void()>& call) { at_next_look = &call; }

}  // namespace weft_test
