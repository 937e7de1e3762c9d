// How a loop ends early: an exception, a stop request.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "loop_forms.hpp"
#include "support/counted.hpp"

#include <atomic>
#include <latch>
#include <stdexcept>
#include <stop_token>

using weft::parallel_for;
using weft::Partition;
using weft::sync_parallel_for;
using weft::Task;
using weft_test::Counted;
using weft_test::Form;
using weft_test::kForms;
using weft_test::kNumbersOfWorkers;
using weft_test::run_loop;

namespace {


struct BadIndex : std::runtime_error {
  explicit BadIndex(int i) : std::runtime_error("bad index"), counted(i) {}
  Counted counted;
};

}  // namespace

TEST_CASE("an exception of the body ends the loop and is thrown by it") {
  for (const unsigned workers : kNumbersOfWorkers) {
    weft::Runtime rt{{.workers = workers}};
    for (const auto form : kForms) {
      for (const int bad : {0, 500, 999}) {
        const auto body = [bad](int i) {
          if (i == bad) throw BadIndex(i);
        };
        CHECK_THROWS_AS(run_loop(rt, form, 0, 1000, body), BadIndex);
        CHECK_THROWS_AS(run_loop(rt, form, 0, 1000, body, {.grain = 5}), BadIndex);
        CHECK_THROWS_AS(run_loop(rt, form, 0, 1000, body, {.partition = Partition::Equal}), BadIndex);
      }
    }
  }
  CHECK(Counted::alive() == 0);
}

TEST_CASE("an exception reaches the caller outside any runtime") {
  const auto body = [](int i) {
    if (i == 7) throw BadIndex(i);
  };
  CHECK_THROWS_AS(sync_parallel_for(0, 100, body), BadIndex);
  CHECK_THROWS_AS(weft::sync_wait(parallel_for(0, 100, body)), BadIndex);
  CHECK(Counted::alive() == 0);
}

TEST_CASE("after an exception no further piece begins") {
  weft::Runtime rt{{.workers = 1}};
  for (const auto form : kForms) {
    int calls = 0;
    const auto body = [&](int i) {
      ++calls;
      if (i == 100) throw BadIndex(i);
    };
    CHECK_THROWS_AS(run_loop(rt, form, 0, 1000, body, {.grain = 1}), BadIndex);
    CHECK(calls == 101);
  }
}

TEST_CASE("of many exceptions one reaches the caller and none is leaked") {
  for (const unsigned workers : {2u, 4u}) {
    weft::Runtime rt{{.workers = workers}};
    for (const auto form : kForms) {
      std::latch all(workers);
      const auto body = [&](int i) {
        all.arrive_and_wait();  // so that all of them throw
        throw BadIndex(i);
      };
      CHECK_THROWS_AS(run_loop(rt, form, 0, static_cast<int>(workers), body), BadIndex);
      CHECK(Counted::alive() == 0);
    }
  }
}

TEST_CASE("no body runs any more when the loop has thrown") {
  weft::Runtime rt{{.workers = 4}};
  for (const auto form : kForms) {
    for (int round = 0; round < 100; ++round) {
      std::atomic<int> inside{0};
      const auto body = [&](int i) {
        if (i == 300) throw BadIndex(i);
        inside.fetch_add(1);
        for (int pause = 0; pause < 100; ++pause) weft::cpu_relax();  // so that others are inside when it throws
        inside.fetch_sub(1);
      };
      REQUIRE_THROWS_AS(run_loop(rt, form, 0, 1000, body, {.grain = 1}), BadIndex);
      REQUIRE(inside.load() == 0);
    }
  }
}

TEST_CASE("an exception leaves a nested loop and the loop around it") {
  weft::Runtime rt{{.workers = 4}};
  for (const auto form : kForms) {
    CHECK_THROWS_AS(run_loop(rt, form, 0, 50,
                             [](int row) {
                               sync_parallel_for(0, 50, [row](int column) {
                                 if (row * 50 + column == 1234) throw BadIndex(row);
                               });
                             }),
                    BadIndex);
  }
  CHECK(Counted::alive() == 0);
}

TEST_CASE("the body of an awaited loop is destroyed with it, whatever its end") {
  weft::Runtime rt{{.workers = 2}};
  for (const bool fails : {false, true}) {
    auto loop = parallel_for(0, 100, [owned = Counted(1), fails](int i) {
      if (fails && i == 50) throw BadIndex(owned.value());
    });
    CHECK(Counted::alive() == 1);
    if (fails) {
      CHECK_THROWS_AS(rt.run(std::move(loop)), BadIndex);
    } else {
      rt.run(std::move(loop));
    }
    CHECK(Counted::alive() == 0);
  }
}

// ---- stop requests ----

TEST_CASE("a loop that is asked to stop ends with OperationCancelled") {
  for (const unsigned workers : kNumbersOfWorkers) {
    weft::Runtime rt{{.workers = workers}};
    for (const std::size_t grain : {0u, 1u, 1000u}) {
      std::stop_source source;
      std::atomic<long> calls{0};
      auto task = [](std::atomic<long>& counter, std::stop_source& stop, std::size_t of) -> Task<> {
        auto body = [&](long) {
          if (counter.fetch_add(1) == 100) stop.request_stop();
        };
        co_await parallel_for(0L, 1L << 40, body, {.grain = of});
      };
      weft::Counter counter;
      rt.spawn(task(calls, source, grain), counter, {.stop = source.get_token()});
      CHECK_THROWS_AS(counter.wait(), weft::OperationCancelled);
      CHECK(calls.load() >= 100);
    }
  }
}

TEST_CASE("a loop in a task that was asked to stop before runs nothing") {
  weft::Runtime rt{{.workers = 2}};
  std::stop_source source;
  int calls = 0;
  auto task = [](int& count, std::stop_source& stop) -> Task<> {
    stop.request_stop();
    auto body = [&](int) { ++count; };
    co_await parallel_for(0, 1, body);
  };
  weft::Counter counter;
  rt.spawn(task(calls, source), counter, {.stop = source.get_token()});
  CHECK_THROWS_AS(counter.wait(), weft::OperationCancelled);
  CHECK(calls == 0);
}

TEST_CASE("an empty loop in a task that was asked to stop has nothing to cancel") {
  weft::Runtime rt{{.workers = 2}};
  std::stop_source source;
  auto task = [](std::stop_source& stop) -> Task<> {
    stop.request_stop();
    auto body = [](int) {};
    co_await parallel_for(0, 0, body);
  };
  weft::Counter counter;
  rt.spawn(task(source), counter, {.stop = source.get_token()});
  CHECK_NOTHROW(counter.wait());
}

TEST_CASE("a loop ends when a sibling of its task fails") {
  weft::Runtime rt{{.workers = 2}};
  std::latch has_begun(1);
  auto endless = [&]() -> Task<> {
    auto body = [&](long i) {
      if (i == 0) has_begun.count_down();
    };
    co_await parallel_for(0L, 1L << 60, body);
  };
  auto fails = [&]() -> Task<> {
    has_begun.wait();
    throw BadIndex(0);
    co_return;
  };
  auto both = [&]() -> Task<> { co_await weft::when_all(endless(), fails()); };
  CHECK_THROWS_AS(rt.run(both()), BadIndex);
}

TEST_CASE("cancelling the runtime ends loops of both forms") {
  for (const unsigned workers : kNumbersOfWorkers) {
    for (const auto form : kForms) {
      weft::Runtime rt{{.workers = workers}};
      std::latch has_begun(1);
      const auto body = [&](long i) {
        if (i == 0) has_begun.count_down();
      };
      weft::Counter counter;
      if (form == Form::Awaited) {
        rt.spawn(parallel_for(0L, 1L << 60, body), counter);
      } else {
        rt.spawn([&] { sync_parallel_for(0L, 1L << 60, body); }, counter);
      }
      has_begun.wait();
      CHECK(rt.shutdown(weft::Shutdown::Cancel).is_complete());
      CHECK_THROWS_AS(counter.wait(), weft::OperationCancelled);
    }
  }
}

TEST_CASE("an exception wins over a stop request that came before it") {
  weft::Runtime rt{{.workers = 2}};
  std::stop_source source;
  auto task = [](std::stop_source& stop) -> Task<> {
    auto body = [&](int i) {
      if (i != 0) return;
      stop.request_stop();
      throw BadIndex(i);
    };
    co_await parallel_for(0, 1000, body, {.grain = 1});
  };
  weft::Counter counter;
  rt.spawn(task(source), counter, {.stop = source.get_token()});
  CHECK_THROWS_AS(counter.wait(), BadIndex);
}
