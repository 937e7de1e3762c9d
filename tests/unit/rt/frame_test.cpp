// The frames of a program: Runtime::frame, Runtime::next_frame, and work that is spawned with {.frame = true}.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <latch>
#include <memory>
#include <memory_resource>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/aborts.hpp"
#include "support/counted.hpp"

using weft::Counter;
using weft::FrameArena;
using weft::Priority;
using weft::Runtime;
using weft::Task;
using weft_test::check_aborts;
using weft_test::Counted;

namespace {

/// A coroutine that belongs to no library: begun outside any runtime, it goes on inside the last step of what it awaits.
struct OnItsOwn {
  struct promise_type {
    static OnItsOwn get_return_object() noexcept { return {}; }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_never final_suspend() noexcept { return {}; }
    static void return_void() noexcept {}
    static void unhandled_exception() noexcept { std::terminate(); }
  };
};

/// Ends the frame at the earliest moment at which `done` says that work has ended.
template <class Awaited>
OnItsOwn end_frame_after(Awaited&& done, Runtime& rt, std::atomic<bool>& has_ended) {
  co_await std::forward<Awaited>(done);
  rt.next_frame();
  has_ended.store(true);
}

/// Spawns work of each kind and by each way, all of which belongs to the frame, and waits for it. Returns how often `count` was to be called.
template <class F>
Task<int> work_of_all_kinds(F count) {
  const auto as_task = [count]() -> Task<> {
    co_await weft::yield();
    count();
  };
  Counter done;
  weft::spawn(count, done, {.frame = true});
  weft::spawn(count, done, {.priority = Priority::High, .frame = true});
  weft::spawn(count, done, {.priority = Priority::Low, .frame = true});
  weft::spawn(as_task(), done, {.frame = true});
  weft::spawn(as_task, done, {.priority = Priority::Low, .frame = true});
  const auto make_job = [count](std::size_t) { return count; };
  weft::spawn_batch(100, make_job, done, {.frame = true});
  weft::spawn_batch(70, make_job, done, {.priority = Priority::High, .frame = true});
  const auto make_task = [as_task](std::size_t) { return as_task(); };
  weft::spawn_batch(3, make_task, done, {.frame = true});
  weft::spawn_fiber(count, done, {.frame = true});
  auto job = weft::spawn(count, {.frame = true});
  auto task = weft::spawn(as_task(), {.frame = true});
  co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
    group.spawn(count, {.frame = true});
    group.spawn(as_task, {.frame = true});
    co_await group.join();
  });
  co_await std::move(job);
  co_await std::move(task);
  co_await done;
  co_return 5 + 170 + 3 + 1 + 2 + 2;
}

}  // namespace

TEST_CASE("work of every kind that belongs to a frame runs once, and has ended when it has been waited for") {
  for (const unsigned workers : {1u, 3u}) {
    Runtime rt{{.workers = workers}};
    for (int frame = 0; frame < 30; ++frame) {
      std::atomic<int> calls{0};
      const auto count = [&calls, counted = Counted(1)] { calls.fetch_add(counted.value()); };
      const int expected = rt.run(work_of_all_kinds(count));
      CHECK(calls.load() == expected);
      CHECK(Counted::alive() == 1);
      rt.next_frame();
    }
  }
  CHECK(Counted::alive() == 0);
}

TEST_CASE("work of every kind that belongs to a frame may be spawned from outside") {
  Runtime rt{{.workers = 2}};
  for (int frame = 0; frame < 30; ++frame) {
    std::atomic<int> calls{0};
    const auto count = [&calls, counted = Counted(1)] { calls.fetch_add(counted.value()); };
    const auto as_task = [count]() -> Task<> {
      count();
      co_return;
    };
    Counter done;
    rt.spawn(count, done, {.frame = true});
    rt.spawn(as_task(), done, {.frame = true});
    rt.spawn(as_task, done, {.priority = Priority::High, .frame = true});
    const auto make_job = [count](std::size_t) { return count; };
    rt.spawn_batch(100, make_job, done, {.frame = true});
    rt.spawn_fiber(count, done, {.frame = true});
    rt.spawn(count, {.frame = true}).wait();
    rt.spawn(as_task(), {.frame = true}).wait();
    done.wait();
    CHECK(calls.load() == 106);
    CHECK(Counted::alive() == 3);
    rt.next_frame();
  }
}

TEST_CASE("the closure of a job that belongs to a frame lies in the frame's memory, that of another job does not") {
  Runtime rt{{.workers = 1}};
  rt.run([&rt]() -> Task<> {
    Counter done;
    std::uintptr_t closures[2] = {};
    const auto where_is_it = [&closures](std::size_t i) {
      return [&closures, i] { closures[i] = reinterpret_cast<std::uintptr_t>(&i); };
    };
    const auto before = reinterpret_cast<std::uintptr_t>(rt.frame().allocate(1));
    weft::spawn(where_is_it(0), done, {.frame = true});
    weft::spawn(where_is_it(1), done);
    const auto after = reinterpret_cast<std::uintptr_t>(rt.frame().allocate(1));
    co_await done;
    CHECK((before < closures[0] && closures[0] < after));
    CHECK_FALSE((before < closures[1] && closures[1] < after));
  });
  rt.next_frame();
}

TEST_CASE("jobs of frames take no memory from frame to frame") {
  Runtime rt{{.workers = 1}};
  const auto frame = [&rt] {
    rt.run([]() -> Task<> {
      Counter done;
      for (int i = 0; i < 10'000; ++i) weft::spawn([] {}, done, {.frame = true});
      co_await done;
    });
    rt.next_frame();
  };
  frame();
  const std::size_t reserved = rt.frame().reserved_bytes();
  CHECK(reserved > 0);
  for (int i = 0; i < 20; ++i) frame();
  CHECK(rt.frame().reserved_bytes() == reserved);
}

TEST_CASE("the exception of work that belongs to a frame reaches who waits for it") {
  Runtime rt{{.workers = 1}};
  const auto fail = [] { throw std::runtime_error("out of paint"); };
  const auto fail_as_task = [fail]() -> Task<> {
    fail();
    co_return;
  };
  for (int frame = 0; frame < 3; ++frame) {
    Counter of_job;
    rt.spawn(fail, of_job, {.frame = true});
    CHECK_THROWS_WITH(of_job.wait(), "out of paint");
    Counter of_task;
    rt.spawn(fail_as_task(), of_task, {.frame = true});
    CHECK_THROWS_WITH(of_task.wait(), "out of paint");
    CHECK_THROWS_WITH(rt.spawn(fail, {.frame = true}).wait(), "out of paint");
    CHECK_THROWS_WITH(rt.spawn(fail_as_task(), {.frame = true}).wait(), "out of paint");
    rt.next_frame();
  }
}

TEST_CASE("the frame may end as soon as a counter or a handle says that its work has ended") {
  Runtime rt{{.workers = 1}};
  for (int kind = 0; kind < 5; ++kind) {
    std::atomic<bool> may_end{false};
    std::atomic<bool> has_ended{false};
    const auto work = [&may_end] {
      while (!may_end.load()) std::this_thread::yield();
    };
    const auto as_task = [work]() -> Task<> {
      work();
      co_return;
    };
    Counter done;
    if (kind == 0) rt.spawn(work, done, {.frame = true});
    if (kind == 1) rt.spawn(as_task(), done, {.frame = true});
    if (kind == 2) rt.spawn_fiber(work, done, {.frame = true});
    if (kind == 3) {
      end_frame_after(rt.spawn(work, {.frame = true}), rt, has_ended);
    } else if (kind == 4) {
      end_frame_after(rt.spawn(as_task(), {.frame = true}), rt, has_ended);
    } else {
      end_frame_after(done, rt, has_ended);
    }
    may_end.store(true);
    while (!has_ended.load()) std::this_thread::yield();
  }
}

TEST_CASE("a job whose closure cannot be copied into the frame is not spawned, and does not belong to it") {
  struct Refuses {
    Refuses() = default;
    Refuses(const Refuses& /*other*/) { throw std::runtime_error("no copies"); }
    void operator()() const {}
  };
  Runtime rt{{.workers = 1}};
  const Refuses original;
  Counter done;
  CHECK_THROWS_WITH(rt.spawn(original, done, {.frame = true}), "no copies");
  CHECK_THROWS_WITH(rt.run([&] { weft::spawn(original, done, {.frame = true}); }), "no copies");
  CHECK_THROWS_WITH(rt.spawn(original, {.frame = true}).wait(), "no copies");
  CHECK(done.is_complete());
  rt.next_frame();
}

TEST_CASE("a task of a frame that ends on a worker of another runtime has ended") {
  Runtime rt{{.workers = 1}};
  Runtime other{{.workers = 1}};
  for (int frame = 0; frame < 20; ++frame) {
    Counter done;
    rt.spawn([&other]() -> Task<> { co_await weft::resume_on(other.executor()); }, done, {.frame = true});
    done.wait();
    rt.next_frame();
    other.next_frame();
  }
}

TEST_CASE("a task of the runtime may end its frames") {
  Runtime rt{{.workers = 2}};
  const int sum = rt.run([&rt]() -> Task<int> {
    int total = 0;
    for (int frame = 0; frame < 50; ++frame) {
      {
        std::pmr::vector<std::pmr::vector<int>> found(20, &FrameArena::here());
        Counter done;
        for (std::pmr::vector<int>& mine : found) {
          const auto look = [&mine] {
            for (int i = 0; i < 50; ++i) mine.push_back(i);
          };
          weft::spawn(look, done, {.frame = true});
        }
        co_await done;
        for (const std::pmr::vector<int>& each : found) total += static_cast<int>(each.size());
      }
      rt.next_frame();
    }
    co_return total;
  });
  CHECK(sum == 50 * 20 * 50);
}

TEST_CASE("FrameArena::here is the runtime's arena in a job, a task and a fiber") {
  Runtime rt{{.workers = 1}};
  CHECK(rt.run([] { return &FrameArena::here(); }) == &rt.frame());
  CHECK(rt.run([]() -> Task<FrameArena*> { co_return co_await weft::on_fiber([] { return &FrameArena::here(); }); }) == &rt.frame());
  CHECK_THROWS_AS(FrameArena::here(), weft::UsageError);
}

TEST_CASE("in sync_wait, which has no frames, work that is to belong to one is spawned as any other") {
  int calls = 0;
  weft::sync_wait([](int& count) -> Task<> {
    Counter done;
    weft::spawn([&count] { ++count; }, done, {.frame = true});
    weft::spawn(
        [&count]() -> Task<> {
          ++count;
          co_return;
        },
        done, {.frame = true});
    co_await done;
  }(calls));
  CHECK(calls == 2);
}

TEST_CASE("{.frame = false} is as none") {
  Runtime rt{{.workers = 1}};
  rt.run([&rt]() -> Task<> {
    Counter done;
    weft::spawn([] {}, done, {.frame = false});
    rt.next_frame();  // would abort
    co_await done;
  });
}

// ---- what next_frame finds ----

TEST_CASE("next_frame aborts while a job or task of the frame waits to be run") {
  const auto with_work = [](auto spawn) {
    check_aborts("next_frame was called before work of the frame had ended", [spawn] {
      Runtime rt{{.workers = 1}};
      rt.run([&] {
        Counter done;  // never destroyed: the process ends before
        spawn(done);
        rt.next_frame();
      });
    });
  };
  const auto as_task = []() -> Task<> { co_return; };
  with_work([](Counter& done) { weft::spawn([] {}, done, {.frame = true}); });
  with_work([](Counter& /*done*/) { weft::spawn_detached([] {}, {.frame = true}); });
  with_work([](Counter& done) { weft::spawn_batch(2, [](std::size_t) { return [] {}; }, done, {.frame = true}); });
  with_work([as_task](Counter& done) { weft::spawn(as_task(), done, {.frame = true}); });
  with_work([](Counter& done) { weft::spawn_fiber([] {}, done, {.frame = true}); });
  with_work([](Counter& /*done*/) {
    auto handle = weft::spawn([] {}, {.frame = true});
    FrameArena::here().next_frame();
  });
  with_work([as_task](Counter& /*done*/) {
    auto handle = weft::spawn(as_task(), {.frame = true});
    FrameArena::here().next_frame();
  });
}

TEST_CASE("next_frame aborts while a job of the frame runs, also when that job calls it") {
  check_aborts("(1 jobs or tasks)", [] {
    Runtime rt{{.workers = 1}};
    Counter done;
    rt.spawn([&rt] { rt.next_frame(); }, done, {.frame = true});
    done.wait();
  });
  check_aborts("(1 jobs or tasks)", [] {
    Runtime rt{{.workers = 1}};
    weft::Event is_let_go;
    Counter done;
    std::latch has_begun(1);
    const auto wait_for_ever = [&]() -> Task<> {
      has_begun.count_down();
      co_await is_let_go;
    };
    rt.spawn(wait_for_ever(), done, {.frame = true});
    has_begun.wait();
    rt.next_frame();
  });
}

TEST_CASE("a job of the frame before the last is still one that has not ended") {
  check_aborts("(1 jobs or tasks)", [] {
    Runtime rt{{.workers = 1}};
    rt.next_frame();
    rt.run([&] {
      weft::spawn_detached([] {}, {.frame = true});
      rt.next_frame();
    });
  });
}

#if WEFT_ASSERTS >= 1
TEST_CASE("a build with assertions names the place where the work of the frame that is left was spawned") {
  const auto as_task = []() -> Task<> { co_return; };
  check_aborts("frame_test.cpp:" + std::to_string(std::source_location::current().line() + 3), [] {
    Runtime rt{{.workers = 1}};
    rt.run([&] {
      weft::spawn_detached([] {}, {.frame = true});
      rt.next_frame();
    });
  });
  check_aborts("frame_test.cpp:" + std::to_string(std::source_location::current().line() + 4), [as_task] {
    Runtime rt{{.workers = 1}};
    rt.run([&] {
      Counter done;
      weft::spawn(as_task(), done, {.frame = true});
      rt.next_frame();
    });
  });
  check_aborts("frame_test.cpp:" + std::to_string(std::source_location::current().line() + 3), [] {
    Runtime rt{{.workers = 1}};
    rt.run([&] {
      auto handle = weft::spawn([] {}, {.frame = true});
      rt.next_frame();
    });
  });
  check_aborts("frame_test.cpp:" + std::to_string(std::source_location::current().line() + 5), [] {
    Runtime rt{{.workers = 1}};
    rt.run([&] {
      Counter done;
      const auto make = [](std::size_t) { return [] {}; };
      weft::spawn_batch(3, make, done, {.frame = true});
      rt.next_frame();
    });
  });
}
#endif

#if WEFT_ASAN
TEST_CASE("AddressSanitizer reports who uses the closure of a job of a frame after its end") {
  check_aborts("use-after-poison", [] {
    Runtime rt{{.workers = 1}};
    Counter done;
    const int* left = nullptr;
    rt.spawn([&left, number = 7] { left = &number; }, done, {.frame = true});
    done.wait();
    const volatile int* const gone = left;
    return *gone;
  });
}
#endif
