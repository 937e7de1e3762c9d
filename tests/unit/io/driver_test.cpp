#include <catch2/catch.hpp>

#include "io/driver.hpp"
#include "support/stress_clock.hpp"
#include "unit/io/backends.hpp"

#include <chrono>
#include <memory>
#include <thread>

using namespace std::chrono_literals;

namespace {

std::unique_ptr<weft::detail::IoDriver> driver_of(weft::IoBackend backend) { return weft::detail::make_io_driver(backend, true); }

}  // namespace

TEST_CASE("a wake-up ends the wait of the owner, also when somebody else has looked meanwhile") {
  for (const weft::IoBackend backend : working_backends()) {
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
