#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "fiber/fiber_depot.hpp"
#include "support/manual_clock.hpp"
#include <weft/mem/frame_cache.hpp>

#include <chrono>
#include <cstddef>
#include <thread>

using weft::Counter;
using weft::FiberDepot;
using weft::Runtime;
using weft::Task;

TEST_CASE("a worker that has slept for long gives back the frames and the stacks that it kept") {
  using namespace std::chrono_literals;
  const std::size_t frames = weft::frame_memory_outstanding();
  const std::size_t fibers = FiberDepot::outstanding();
  weft_test::ManualClock clock;
  Runtime rt{{.workers = 1}};
  const auto work = [&rt] {
    int sum = 0;
    Counter done;
    rt.spawn([&sum]() -> Task<> { sum += co_await weft::on_fiber([] { return 3; }); }, done);
    done.wait();
    return sum;
  };
  REQUIRE(work() == 3);
  if (!WEFT_ASAN) REQUIRE(weft::frame_memory_outstanding() > frames);  // whose frames go at once
  REQUIRE(FiberDepot::outstanding() > fibers);
  while (rt.stats().workers[0].parks == 0) std::this_thread::yield();
  clock.advance(2s);  // it sleeps as long as that now
  while (weft::frame_memory_outstanding() != frames || FiberDepot::outstanding() != fibers) std::this_thread::yield();
  CHECK(rt.stats().workers[0].parks == 1);
  REQUIRE(work() == 3);
}
