#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <latch>
#include <set>
#include <string>
#include <thread>
#include <vector>

using weft::Counter;
using weft::Runtime;
using weft::Task;

namespace {

/// The names of the threads of this process.
std::multiset<std::string> thread_names() {
  std::multiset<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(entry.path() / "comm");
    std::string name;
    std::getline(file, name);
    names.insert(name);
  }
  return names;
}

std::size_t threads_named(const std::string& beginning) {
  const auto names = thread_names();
  return static_cast<std::size_t>(
      std::count_if(names.begin(), names.end(), [&](const std::string& name) { return name.starts_with(beginning); }));
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
  CHECK(threads_named("single") >= 1);
  CHECK(threads_named("single") <= 3);
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

TEST_CASE("an idle runtime uses no processor time") {
  Runtime rt{{.workers = 4}};
  Counter counter;
  for (int i = 0; i < 1000; ++i) rt.spawn([] {}, counter);
  counter.wait();
  const auto used_ns = [](clockid_t of) {
    timespec now{};
    clock_gettime(of, &now);
    return now.tv_sec * 1'000'000'000L + now.tv_nsec;
  };
  const auto used_by_others_ns = [&] { return used_ns(CLOCK_PROCESS_CPUTIME_ID) - used_ns(CLOCK_THREAD_CPUTIME_ID); };
  // Until the last worker has stopped searching; bounded by the test's timeout. The clock is the processor time of this thread.
  constexpr long kSpan = 20'000'000;
  int quiet_spans = 0;
  while (quiet_spans < 3) {
    const long before = used_by_others_ns();
    const long end = used_ns(CLOCK_THREAD_CPUTIME_ID) + kSpan;
    while (used_ns(CLOCK_THREAD_CPUTIME_ID) < end) {
    }
    quiet_spans = used_by_others_ns() - before < kSpan / 20 ? quiet_spans + 1 : 0;
  }
  SUCCEED();
}
