#include <catch2/catch.hpp>

#include "io/driver.hpp"
#include "support/stress_clock.hpp"
#include "unit/io/old_kernel.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

using namespace std::chrono_literals;
using weft_test::WaysToWake;
using weft_test::WayToWake;

namespace {

std::unique_ptr<weft::detail::IoDriver> driver_of(weft::IoBackend backend) { return weft::detail::make_io_driver(backend, true); }

}  // namespace

TEST_CASE("a wake-up ends the wait of the owner, also when somebody else has looked meanwhile") {
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    const auto driver = driver_of(backend);
    // One that has slept before looks at what has woken it.
    driver->begin_sleep();
    driver->wait(0);
    driver->end_sleep();
    weft_test::Watchdog watchdog("the owner of a driver sleeps on", 20s);
    driver->begin_sleep();
    driver->notify();
    // As in the handler of a signal: what the kernel has put off is visible to others afterwards.
    driver->interrupt();
    std::thread other([&] { driver->poll_for_owner(); });
    other.join();
    driver->wait(weft::kNeverNs);
    driver->end_sleep();
  }
  SUCCEED("it has ended");
}

TEST_CASE("each of many wake-ups ends the wait that it comes before, or into") {
  constexpr int kRounds = 500;
  for (const WayToWake backend : WaysToWake()) {
    CAPTURE(name_of(backend));
    const auto driver = driver_of(backend);
    weft_test::Watchdog watchdog("the owner of a driver sleeps on", 20s);
    std::atomic<int> asked{0};
    std::thread other([&] {
      for (int round = 1; round < kRounds; round += 2) {
        while (asked.load() < round) std::this_thread::yield();
        driver->notify();
      }
    });
    for (int round = 0; round < kRounds; ++round) {
      driver->begin_sleep();
      asked.store(round);
      if (round % 2 == 0) driver->notify();
      driver->wait(weft::kNeverNs);
      driver->end_sleep();
      driver->poll(nullptr, weft::Poller::Before::Work);
    }
    other.join();
  }
  SUCCEED("all have ended");
}
