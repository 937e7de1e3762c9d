#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "fiber/fiber_depot.hpp"
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
  // Nothing wakes the worker meanwhile. A time is not expected here; where nothing comes back, the test does not end.
  while (weft::frame_memory_outstanding() != frames || FiberDepot::outstanding() != fibers) std::this_thread::sleep_for(10ms);
  CHECK(rt.stats().workers[0].parks == 1);
  REQUIRE(work() == 3);
}
