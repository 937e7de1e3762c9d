#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/own_threads.hpp"
#include "support/skip.hpp"

#include <pthread.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <latch>
#include <string>
#include <thread>
#include <vector>

using weft::Counter;
using weft::Runtime;
using weft::Task;
using weft_test::threads_called;
using weft_test::threads_named;

namespace {

/// The processor time that these threads have used, in nanoseconds.
std::uint64_t time_used_by(const std::vector<std::filesystem::path>& threads) {
  std::uint64_t sum = 0;
  for (const auto& thread : threads) {
    std::uint64_t used = 0;
    REQUIRE(std::ifstream(thread / "schedstat") >> used);
    sum += used;
  }
  return sum;
}

/// Spends so much processor time.
void spin_for(std::chrono::nanoseconds span) {
  const auto used = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  for (const auto end = used() + span; used() < end;) {
  }
}

std::string own_name() {
  std::array<char, 32> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

}  // namespace

TEST_CASE("a runtime of sixteen workers starts no thread before there is work for it") {
  const Runtime rt{{.workers = 16, .name = "lazy"}};
  CHECK(rt.worker_count() == 16);
  CHECK(threads_named("lazy") == 0);
}

TEST_CASE("a task that runs through on the calling thread starts no thread") {
  Runtime rt{{.workers = 16, .name = "through"}};
  CHECK(rt.run([] { return 1; }) == 1);
  CHECK(threads_named("through") == 0);
}

TEST_CASE("a job from outside starts one thread, not all") {
  Runtime rt{{.workers = 16, .name = "single"}};
  Counter counter;
  rt.spawn([] {}, counter);
  counter.wait();
  CHECK(threads_named("single") == 1);
}

TEST_CASE("threads carry the runtime's name and their number, cut to what the kernel takes") {
  Runtime rt{{.workers = 2, .name = "a_name_of_more_than_ten"}};
  Counter counter;
  std::string name;
  rt.spawn([&] { name = own_name(); }, counter);
  counter.wait();
  CHECK((name == "a_name_of_/0" || name == "a_name_of_/1"));
}

TEST_CASE("all workers run at once when there is work for all") {
  constexpr unsigned kWorkers = 8;
  Runtime rt{{.workers = kWorkers, .name = "all"}};
  Counter counter;
  std::latch all_here(kWorkers);
  for (unsigned i = 0; i < kWorkers; ++i) rt.spawn([&] { all_here.arrive_and_wait(); }, counter);
  counter.wait();
  CHECK(threads_named("all/") == kWorkers);
}

TEST_CASE("the threads are gone when the runtime is") {
  {
    Runtime rt{{.workers = 4, .name = "gone"}};
    Counter counter;
    for (int i = 0; i < 100; ++i) rt.spawn([] {}, counter);
    counter.wait();
  }
  CHECK(threads_named("gone") == 0);
}

TEST_CASE("worker numbers are below the number of workers") {
  Runtime rt{{.workers = 4}};
  Counter counter;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 1000; ++i) {
    rt.spawn(
        [&] {
          const weft::WorkerContext* const worker = weft::current_worker();
          if (worker == nullptr || worker->index >= 4 || worker->worker_count != 4) wrong.fetch_add(1);
        },
        counter);
  }
  counter.wait();
  CHECK(wrong.load() == 0);
  CHECK(weft::current_worker() == nullptr);
}

TEST_CASE("a job spawned by a busy worker is taken by an idle one, although the owner does not end") {
  Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<int> {
    Counter counter;
    std::atomic<bool> has_run{false};
    weft::spawn([&] { has_run.store(true); }, counter);
    while (!has_run.load()) std::this_thread::yield();  // this worker is inside a long job
    co_await counter;
    co_return 1;
  };
  for (int round = 0; round < 200; ++round) REQUIRE(rt.run(parent()) == 1);
}

TEST_CASE("an idle runtime uses no processor time at all") {
  constexpr unsigned kWorkers = 4;
  Runtime rt{{.workers = kWorkers, .name = "quiet"}};
  Counter counter;
  std::latch all_here(kWorkers);
  for (unsigned i = 0; i < kWorkers; ++i) rt.spawn([&] { all_here.arrive_and_wait(); }, counter);
  counter.wait();
  const auto threads = threads_called("quiet/");
  REQUIRE(threads.size() == kWorkers);
  if (!std::filesystem::exists(threads[0] / "schedstat")) return weft_test::skip("this kernel does not count the time of threads");
  // They search for a while before they sleep, and may have to wait for a processor to do so. Whoever sleeps uses nothing; a worker
  // that looked from time to time would use something in each of the spans.
  constexpr int kMostSpans = 200;
  int quiet_spans = 0;
  for (int span = 0; span < kMostSpans && quiet_spans < 3; ++span) {
    const std::uint64_t before = time_used_by(threads);
    spin_for(std::chrono::milliseconds(50));
    quiet_spans = time_used_by(threads) == before ? quiet_spans + 1 : 0;
  }
  CHECK(quiet_spans == 3);
}
