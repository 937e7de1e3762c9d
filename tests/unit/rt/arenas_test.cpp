// Work that is sent to the workers of one NUMA node. The machines are made up, and mapped to the processors that there are.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using Catch::Matchers::Contains;
using weft::Counter;
using weft::NumaArena;
using weft::on;
using weft::PinningStrategy;
using weft::Priority;
using weft::Runtime;
using weft::RuntimeOptions;
using weft::Task;
using weft::Topology;

namespace {

RuntimeOptions options(const char* machine, PinningStrategy strategy = PinningStrategy::Linear) {
  const Topology topology = Topology::parse(machine);
  return {.workers = topology.allowed_pus(), .pinning = strategy, .topology = topology, .spare_workers = 0, .report_blocking_after = {}};
}

constexpr auto kTwoNodes = "node:2 core:2 pu:1";

unsigned worker_here() { return weft::current_worker()->index; }

bool is_in(const NumaArena& arena, unsigned worker) {
  return std::find(arena.workers().begin(), arena.workers().end(), worker) != arena.workers().end();
}

/// Holds all workers of a runtime, each in a job, until it is told to let go of those of an arena.
class Held {
 public:
  explicit Held(Runtime& rt) : rt_(rt), lets_go_(std::make_unique<std::atomic<bool>[]>(rt.arena_count())), inside_(rt.worker_count()) {
    for (unsigned i = 0; i < rt.worker_count(); ++i) {
      rt.spawn(
          [this] {
            std::atomic<bool>& lets_go = lets_go_[NumaArena::here().index()];
            inside_.count_down();
            lets_go.wait(false);
          },
          jobs_);
    }
    inside_.wait();
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    for (unsigned i = 0; i < rt_.arena_count(); ++i) let_go(i);
    jobs_.wait();
  }

  void let_go(unsigned arena) {
    lets_go_[arena] = true;
    lets_go_[arena].notify_all();
  }

 private:
  Runtime& rt_;
  std::unique_ptr<std::atomic<bool>[]> lets_go_;
  std::latch inside_;
  Counter jobs_;
};

}  // namespace

TEST_CASE("a runtime whose workers are not bound has one arena, of all of them") {
  Runtime rt{{.workers = 3}};
  REQUIRE(rt.arena_count() == 1);
  CHECK(rt.arena(0).workers() == std::vector<unsigned>{0, 1, 2});
  CHECK_FALSE(rt.arena(0).node().has_value());
  Counter done;
  bool was_there = false;
  weft::spawn(on(rt.arena(0)), [&] { was_there = &NumaArena::here() == &rt.arena(0); }, done);
  done.wait();
  CHECK(was_there);
}

TEST_CASE("there is an arena for each node on which workers are placed") {
  Runtime rt(options("node:4 core:2 pu:1", PinningStrategy::AvoidSMT));
  REQUIRE(rt.arena_count() == 4);
  for (unsigned i = 0; i < 4; ++i) {
    CHECK(rt.arena(i).index() == i);
    CHECK(rt.arena(i).node() == i);
    CHECK(rt.arena(i).workers() == std::vector<unsigned>{2 * i, 2 * i + 1});
  }

  RuntimeOptions fewer = options("node:4 core:2 pu:1", PinningStrategy::CCDIsolation);
  fewer.workers = 3;
  CHECK(Runtime(fewer).arena_count() == 2);
}

TEST_CASE("an arena that there is not is refused with how many there are") {
  Runtime rt(options(kTwoNodes));
  CHECK_THROWS_WITH(rt.arena(2), Contains("arena 2") && Contains("there are 2"));
}

TEST_CASE("the first work of all wakes a worker of the arena that it was sent to") {
  for (unsigned arena = 0; arena < 2; ++arena) {
    Runtime rt(options(kTwoNodes));
    Counter done;
    unsigned worker = ~0U;
    weft::spawn(on(rt.arena(arena)), [&] { worker = worker_here(); }, done);
    done.wait();
    CHECK(is_in(rt.arena(arena), worker));
  }
}

TEST_CASE("work sent to an arena is done by its workers while the others are busy, in every form") {
  Runtime rt(options(kTwoNodes));
  Held held(rt);
  held.let_go(1);
  NumaArena& arena = rt.arena(1);
  const auto is_here = [&arena] { return is_in(arena, worker_here()); };
  std::atomic<unsigned> here{0};
  const auto count = [&] { here += is_here() ? 1 : 0; };
  Counter done;
  weft::spawn(on(arena), count, done);
  rt.spawn(count, done, {.arena = &arena});
  rt.spawn(
      [&]() -> Task<> {
        count();
        co_return;
      },
      done, {.arena = &arena});
  weft::spawn_batch(on(arena), 100, [&](std::size_t) { return count; }, done);
  weft::spawn_fiber(on(arena), count, done);
  done.wait();
  CHECK(here == 104);
  CHECK(weft::spawn(on(arena), is_here).wait());
  CHECK(weft::spawn(on(arena), [&]() -> Task<bool> { co_return is_here(); }).wait());
}

TEST_CASE("children of a group, fibers, detached work, and work of a frame are done in the arena that was named") {
  Runtime rt(options(kTwoNodes));
  Held held(rt);
  held.let_go(1);
  NumaArena& arena = rt.arena(1);
  std::atomic<unsigned> here{0};
  const auto count = [&] { here += is_in(arena, worker_here()) ? 1 : 0; };
  Counter done;
  weft::spawn(
      on(arena),
      [&]() -> Task<> {
        co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
          for (int i = 0; i < 10; ++i) group.spawn(count, {.arena = &arena});
          co_return;
        });
      },
      done);
  rt.spawn_fiber(count, done, {.arena = &arena});
  rt.spawn(count, done, {.frame = true, .arena = &arena});
  weft::spawn_detached(on(arena), count);
  done.wait();
  CHECK(weft::spawn(on(arena), [] { return true; }).wait());
  rt.next_frame();
  while (here < 13) std::this_thread::yield();
  CHECK(here == 13);
}

TEST_CASE("what a worker of one arena sends to another waits there, and not on its own queue") {
  Runtime rt(options("node:2 core:1 pu:1"));
  Held held(rt);
  held.let_go(1);
  NumaArena& other = rt.arena(0);
  const auto remote = [&rt] { return rt.stats().total().steals_remote; };
  const auto before = remote();
  // All of it has to be fetched from the other arena, whose worker is held; each form of spawning sends one.
  Counter done;
  weft::spawn(
      on(rt.arena(1)),
      [&]() -> Task<> {
        co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
          group.spawn([] {}, {.arena = &other});
          co_return;
        });
        Counter sent;
        weft::spawn(on(other), [] {}, sent);
        weft::spawn([] {}, sent, {.arena = &other});
        weft::spawn_batch(3, [](std::size_t) { return [] {}; }, sent, {.arena = &other});
        weft::spawn_fiber([] {}, sent, {.arena = &other});
        co_await sent;
        co_await weft::spawn([] {}, {.arena = &other});
        co_await weft::resume_on(other);
      },
      done);
  done.wait();
  CHECK(remote() == before + 9);
}

TEST_CASE("work sent to an arena is done elsewhere when all of its workers are busy and others are not") {
  Runtime rt(options(kTwoNodes));
  Held held(rt);
  held.let_go(1);
  Counter done;
  std::atomic<unsigned> elsewhere{0};
  weft::spawn_batch(
      on(rt.arena(0)), 50, [&](std::size_t) { return [&] { elsewhere += is_in(rt.arena(1), worker_here()) ? 1 : 0; }; }, done);
  done.wait();
  CHECK(elsewhere == 50);
  CHECK(rt.stats().total().steals_remote >= 50);
}

TEST_CASE("work for a busy arena comes to its turn beside workers of others who never run dry") {
  Runtime rt(options("node:2 core:1 pu:1"));
  Held held(rt);
  std::atomic<bool> is_done{false};
  Counter yielding;
  rt.spawn(
      [&]() -> Task<> {
        while (!is_done) co_await weft::yield();
      },
      yielding);
  held.let_go(1);
  Counter done;
  weft::spawn(on(rt.arena(0)), [&] { is_done = true; }, done);
  done.wait();
  yielding.wait();
}

namespace {

Task<int> tree(unsigned depth) {
  if (depth == 0) co_return 1;
  auto [a, b] = co_await weft::when_all(tree(depth - 1), tree(depth - 1));
  co_return a + b;
}

}  // namespace

TEST_CASE("a tree of forks gives way to what waits for another arena") {
  for (const Priority priority : {Priority::High, Priority::Normal, Priority::Low}) {
    Runtime rt(options("node:2 core:1 pu:1"));
    Held held(rt);
    std::atomic<bool> is_done{false};
    std::latch is_forking{1};
    Counter forking;
    rt.spawn(
        [&]() -> Task<> {
          static_cast<void>(co_await tree(4));
          is_forking.count_down();
          while (!is_done) static_cast<void>(co_await tree(12));
        },
        forking);
    held.let_go(1);
    is_forking.wait();
    Counter done;
    weft::spawn(on(rt.arena(0)), [&] { is_done = true; }, done, {.priority = priority});
    done.wait();
    forking.wait();
  }
}

TEST_CASE("trees of forks on all workers give way to each of many jobs, whichever arena they are for") {
  Runtime rt(options("node:2 core:1 pu:1"));
  std::atomic<bool> is_over{false};
  std::latch all_fork(2);
  Counter forking;
  for (unsigned i = 0; i < 2; ++i) {
    weft::spawn(
        on(rt.arena(i)),
        [&]() -> Task<> {
          all_fork.arrive_and_wait();
          while (!is_over) static_cast<void>(co_await tree(10));
        },
        forking);
  }
  all_fork.wait();
  // Each one is waited for before the next is sent, which would call again for the one before.
  for (unsigned i = 0; i < 64; ++i) weft::spawn(on(rt.arena(i % 2)), [] {}).wait();
  is_over = true;
  forking.wait();
}

TEST_CASE("a job of high priority for a busy arena goes before the next job of a worker that never forks") {
  Runtime rt(options("node:2 core:1 pu:1"));
  for (const Priority own : {Priority::Normal, Priority::High}) {
    Held held(rt);
    held.let_go(1);
    std::atomic<int> jobs{0};
    std::atomic<int> jobs_before{-1};
    Counter chain;
    struct Link {
      Runtime& rt;
      std::atomic<int>& jobs;
      std::atomic<int>& jobs_before;
      Counter& chain;
      Priority own;
      void operator()() const {
        const int number = ++jobs;
        if (number == 10) {
          weft::spawn(on(rt.arena(0)), [mine = *this] { mine.jobs_before = mine.jobs.load(); }, chain, {.priority = Priority::High});
        }
        if (jobs_before < 0) weft::spawn(Link(*this), chain, {.priority = own});
      }
    };
    weft::spawn(on(rt.arena(1)), Link{rt, jobs, jobs_before, chain, own}, chain);
    chain.wait();
    CHECK(jobs_before <= 11);
  }
}

TEST_CASE("a task goes on in the arena in which it was suspended") {
  Runtime rt(options("node:2 core:1 pu:1"));
  NumaArena& home = rt.arena(1);
  Counter gate;
  gate.add();
  Counter done;
  std::latch lets_go{1};
  std::latch is_waiting{1};
  std::latch is_held{1};
  unsigned worker_after = ~0U;
  {
    Held held(rt);
    held.let_go(1);
    weft::spawn(
        on(home),
        [&]() -> Task<> {
          is_waiting.count_down();
          co_await gate;
          worker_after = worker_here();
        },
        done);
    is_waiting.wait();
    // Behind the task, on the same worker: so that one waits by now. Its worker is kept busy while the other one opens the gate.
    Counter holding;
    weft::spawn(
        on(home),
        [&] {
          is_held.count_down();
          lets_go.wait();
        },
        holding);
    is_held.wait();
    const auto remote = rt.stats().total().steals_remote;
    held.let_go(0);
    weft::spawn(on(rt.arena(0)), [&] { gate.sub(); }, done);
    done.wait();
    CHECK(worker_after == 0);
    CHECK(rt.stats().total().steals_remote == remote + 1);  // it waited for its own arena, and was fetched from there
    lets_go.count_down();
    holding.wait();
  }
}

TEST_CASE("each node gets its call, and an exception of one reaches whoever waits") {
  Runtime rt(options("node:4 core:1 pu:1"));
  std::vector<std::atomic<unsigned>> calls(rt.arena_count());
  rt.run(NumaArena::for_each_node([&](NumaArena& arena) { ++calls[arena.index()]; }));
  rt.run(NumaArena::for_each_node([&](NumaArena& arena) -> Task<> {
    co_await weft::yield();
    ++calls[arena.index()];
  }));
  for (const auto& count : calls) CHECK(count == 2);

  CHECK_THROWS_WITH(rt.run(NumaArena::for_each_node([](NumaArena& arena) {
                      if (arena.index() == 2) throw std::runtime_error("node 2");
                    })),
                    "node 2");
  CHECK_THROWS_WITH(NumaArena::here(), Contains("outside a runtime"));
  CHECK_THROWS_WITH(weft::sync_wait(NumaArena::for_each_node([](NumaArena&) {})), Contains("outside a runtime"));
}

TEST_CASE("a loop in an arena of another runtime runs every iteration, and its task is back in its own runtime") {
  Runtime mine{{.workers = 2}};
  Runtime rt(options(kTwoNodes));
  std::vector<std::atomic<int>> seen(10'000);
  const weft::Executor* before = nullptr;
  const weft::Executor* after = nullptr;
  const auto loop = [&]() -> Task<> {
    before = weft::current_worker()->executor;
    co_await weft::parallel_for(0, static_cast<int>(seen.size()), [&](int i) { ++seen[static_cast<std::size_t>(i)]; },
                                {.arena = &rt.arena(1)});
    after = weft::current_worker()->executor;
  };
  for (int round = 0; round < 20; ++round) {
    mine.run(loop());
    CHECK(before == &mine.executor());
    CHECK(after == &mine.executor());
  }
  CHECK(std::all_of(seen.begin(), seen.end(), [](const auto& count) { return count == 20; }));
}

TEST_CASE("a loop in an arena is run by its workers while the others are busy") {
  Runtime rt(options(kTwoNodes));
  Held held(rt);
  held.let_go(1);
  std::atomic<int> elsewhere{0};
  const auto loop = [&]() -> Task<> {
    co_await weft::parallel_for(0, 10'000, [&](int) { elsewhere += is_in(rt.arena(1), worker_here()) ? 0 : 1; }, {.arena = &rt.arena(1)});
  };
  Counter done;
  weft::spawn(on(rt.arena(1)), loop(), done);
  done.wait();
  CHECK(elsewhere == 0);
}

TEST_CASE("a loop in an arena that fails, or has a priority of its own, brings its task back as it was") {
  Runtime mine{{.workers = 2}};
  Runtime rt(options(kTwoNodes));
  const auto loop = [&](bool fails) -> Task<bool> {
    bool has_thrown = false;
    try {
      co_await weft::parallel_for(
          0, 1000, [fails](int i) { fails && i == 500 ? throw std::runtime_error("500") : 0; },
          {.priority = Priority::High, .arena = &rt.arena(1)});
    } catch (const std::runtime_error&) {
      has_thrown = true;
    }
    co_return has_thrown == fails && weft::current_worker()->executor == &mine.executor() && weft::current_worker()->priority == Priority::Normal;
  };
  for (const bool fails : {false, true}) CHECK(mine.run(loop(fails)));
}

TEST_CASE("a loop in the arena in which its task is does not send the task away first") {
  Runtime rt(options("node:2 core:1 pu:1"));
  Held held(rt);
  held.let_go(1);
  Counter done;
  const auto jobs = [&rt] { return rt.stats().total().jobs; };
  std::uint64_t during = 0;
  const auto loop = [&]() -> Task<> {
    const auto before = jobs();
    co_await weft::parallel_for(0, 3, [](int) {}, {.grain = 3, .arena = &rt.arena(1)});
    during = jobs() - before;
  };
  weft::spawn(on(rt.arena(1)), loop(), done);
  done.wait();
  CHECK(during == 0);  // turns of the worker's loop
}

TEST_CASE("a blocking loop refuses to be taken to an arena") {
  Runtime rt(options(kTwoNodes));
  CHECK_THROWS_WITH(rt.run([&] { weft::sync_parallel_for(0, 10, [](int) {}, {.arena = &rt.arena(1)}); }), Contains("spawn that job there"));
}

TEST_CASE("a group refuses to start a child in another runtime") {
  Runtime mine{{.workers = 1}};
  Runtime rt(options(kTwoNodes));
  CHECK_THROWS_WITH(mine.run([&]() -> Task<> {
    co_await weft::with_task_group([&](weft::TaskGroup& group) -> Task<> {
      group.spawn([] {}, {.arena = &rt.arena(0)});
      co_return;
    });
  }),
                    Contains("arena of another runtime"));
}

TEST_CASE("an arena of a runtime that was shut down takes nothing from outside") {
  Runtime rt(options(kTwoNodes));
  static_cast<void>(rt.shutdown());
  Counter done;
  CHECK_THROWS_AS(weft::spawn(on(rt.arena(1)), [] {}, done), weft::UsageError);
  CHECK(done.value() == 0);
}
