// Each allocation of work on fibers is made to fail once: it completes or throws std::bad_alloc, and no fiber, frame or stack is lost.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "fail_each_allocation.hpp"
#include "fork.hpp"
#include "support/replaced_stack_memory.hpp"

#include <atomic>
#include <cstddef>
#include <new>
#include <stop_token>
#include <utility>
#include <vector>

using weft::Counter;
using weft::Fiber;
using weft::FiberDepot;
using weft::on_fiber;
using weft::Runtime;
using weft::StackMemory;
using weft::StackSize;
using weft::StackSlab;
using weft::Task;
using weft_test::fail_each_allocation;
using weft_test::FailingAllocations;
using weft_test::fib;
using weft_test::kNumbersOfWorkers;
using weft_test::living_blocks;
namespace this_fiber = weft::this_fiber;

namespace {

/// Slabs for one stack each, and how many there are: each stack that is made takes a new one.
class OneStackSlabs {
 public:
  static constexpr std::size_t kStackSize = std::size_t{2} << 20;

  OneStackSlabs() : replaced_(memory()) {}
  [[nodiscard]] static int mapped() { return mapped_.load(); }

 private:
  static StackMemory memory() {
    original_ = weft::stack_memory;
    StackMemory memory = original_;
    memory.map = [](std::size_t bytes) noexcept -> void* {
      void* const slab = bytes < 2 * (kStackSize * StackSize::kFactor + StackSlab::guard_bytes(false)) ? original_.map(bytes) : nullptr;
      if (slab != nullptr) mapped_.fetch_add(1);
      return slab;
    };
    memory.unmap = [](void* slab, std::size_t bytes) noexcept {
      mapped_.fetch_sub(1);
      return original_.unmap(slab, bytes);
    };
    return memory;
  }

  inline static StackMemory original_;
  inline static std::atomic<int> mapped_{0};
  weft_test::ReplacedStackMemory replaced_;
};

}  // namespace

TEST_CASE("allocation failure: functions that are awaited on fibers, and await there") {
  for (const unsigned workers : kNumbersOfWorkers) {
    fail_each_allocation([workers] {
      Runtime rt{{.workers = workers}};
      auto parent = []() -> Task<long> {
        const auto [a, b] = co_await weft::when_all(on_fiber([] { return this_fiber::await(fib(4)); }),
                                                    on_fiber([] { return this_fiber::await(on_fiber([] { return 5L; })); }));
        co_return a + b;
      };
      return rt.run(parent()) == 8;
    });
  }
}

TEST_CASE("allocation failure: spawned fibers, from inside and from outside") {
  for (const unsigned workers : kNumbersOfWorkers) {
    fail_each_allocation([workers] {
      Runtime rt{{.workers = workers}};
      std::atomic<int> ran{0};
      std::atomic<int> started{0};
      Counter counter;
      const auto runs = [&ran] {
        ran.fetch_add(1);
        this_fiber::yield();
      };
      try {
        for (int i = 0; i < 3; ++i) {
          rt.spawn_fiber(
              [&] {
                ran.fetch_add(1);
                weft::spawn_fiber(runs, counter, {.priority = weft::Priority::High});
                started.fetch_add(1);
                weft::spawn_fiber(runs, counter);
                started.fetch_add(1);
              },
              counter);
          started.fetch_add(1);
        }
      } catch (const std::bad_alloc&) {
      } catch (const weft::LimitError&) {
        // No thread could be started.
      }
      try {
        counter.wait();
      } catch (const std::bad_alloc&) {
        // A fiber could not spawn the others.
      }
      return ran.load() == started.load();
    });
  }
}

TEST_CASE("allocation failure: what a fiber awaits throws there, and the fiber goes on") {
  for (const unsigned workers : kNumbersOfWorkers) {
    fail_each_allocation([workers] {
      Runtime rt{{.workers = workers}};
      return rt.run(on_fiber([] {
        std::atomic<int> ran{0};
        int started = 0;
        long sum = 0;
        Counter counter;
        weft::Event event;
        bool is_out_of_memory = false;
        try {
          for (; started < 3; ++started) {
            weft::spawn_fiber(
                [&] {
                  ran.fetch_add(1);
                  event.set();
                },
                counter);
          }
          this_fiber::await(event);
          sum += this_fiber::await(fib(3));
          const auto [a, b] = this_fiber::await(weft::when_all(fib(1), fib(2)));
          sum += a + b;
          sum += this_fiber::await(weft::spawn(fib(2)));
          weft::parallel_invoke([&ran] { ran.fetch_add(1); }, [&ran] { ran.fetch_add(1); });
          started += 2;
        } catch (const std::bad_alloc&) {
          is_out_of_memory = true;
        }
        this_fiber::wait(counter);
        return ran.load() == started && (is_out_of_memory || sum == 5);
      }));
    });
  }
}

TEST_CASE("allocation failure: many fibers spawned by one, so that queues grow") {
  fail_each_allocation(
      [] {
        Runtime rt{{.workers = 1}};
        return rt.run(on_fiber([] {
          std::atomic<int> ran{0};
          int started = 0;
          Counter counter;
          try {
            for (; started < 400; ++started) weft::spawn_fiber([&ran] { ran.fetch_add(1); }, counter);
          } catch (const std::bad_alloc&) {
          }
          this_fiber::wait(counter);
          return ran.load() == started;
        }));
      },
      1);
}

TEST_CASE("allocation failure: a fiber awaits more tasks than the first ring of a deque holds") {
  fail_each_allocation(
      [] {
        Runtime rt{{.workers = 1}};
        return rt.run(on_fiber([] {
          long sum = 0;
          try {
            std::vector<Task<long>> tasks;
            for (int i = 0; i < 300; ++i) tasks.push_back(fib(1));
            for (const long result : this_fiber::await(weft::when_all(std::move(tasks)))) sum += result;
          } catch (const std::bad_alloc&) {
            sum = 300;  // here, and not elsewhere
          }
          return sum == 300 && this_fiber::await(fib(0)) == 0;
        }));
      },
      1);
}

TEST_CASE("allocation failure: fibers that can be stopped") {
  fail_each_allocation([] {
    Runtime rt{{.workers = 1}};
    std::stop_source source;
    std::atomic<int> ran{0};
    int started = 0;
    Counter counter;
    try {
      for (; started < 3; ++started) {
        rt.spawn_fiber(
            [&ran] {
              while (!this_fiber::stop_requested()) this_fiber::yield();
              ran.fetch_add(1);
            },
            counter, {.stop = source.get_token()});
      }
    } catch (const std::bad_alloc&) {
    } catch (const weft::LimitError&) {
      // No thread could be started.
    }
    source.request_stop();
    counter.wait();
    return ran.load() == started;
  });
}

TEST_CASE("allocation failure: a depot that cannot note a slab has none, and makes it the next time") {
  if (!weft_test::kReplacesNew) return weft_test::skip(weft_test::kWhyNotReplaced);
  constexpr int kFibers = 20;  // so that the list of slabs grows, too
  const OneStackSlabs slabs;
  const std::size_t outstanding = FiberDepot::outstanding();
  FiberDepot& depot = FiberDepot::here();
  std::vector<Fiber*> taken(kFibers, nullptr);
  int failures = 0;
  for (Fiber*& fiber : taken) {
    for (long nth = 0; fiber == nullptr; ++nth) {
      const std::size_t before = FiberDepot::outstanding();
      const int mapped = OneStackSlabs::mapped();
      const long blocks = living_blocks();
      long leaked_blocks = 0;
      {
        const FailingAllocations failing(nth);
        try {
          fiber = depot.take(StackSize::class_of(OneStackSlabs::kStackSize), 1).first;
        } catch (const std::bad_alloc&) {
          leaked_blocks = living_blocks() - blocks;
        }
      }
      if (fiber != nullptr) continue;
      ++failures;
      REQUIRE(leaked_blocks == 0);
      REQUIRE(FiberDepot::outstanding() == before);
      REQUIRE(OneStackSlabs::mapped() == mapped);
    }
  }
  CHECK(failures > kFibers);
  for (Fiber* const fiber : taken) FiberDepot::put_home(*fiber);
  CHECK(FiberDepot::outstanding() == outstanding);
}
