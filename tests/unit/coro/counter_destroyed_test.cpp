// A counter may be destroyed by whoever has been woken, or has seen that it is complete, while others have not gone on yet.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>
#include <fstream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using weft::Counter;
using weft::Task;

namespace {

/// A counter whose memory is all zero once it has been destroyed: a late look finds no error there.
class MortalCounter {
 public:
  explicit MortalCounter(std::uint32_t initial) : counter_(new (memory_) Counter(initial)) {}
  MortalCounter(const MortalCounter&) = delete;
  MortalCounter& operator=(const MortalCounter&) = delete;
  ~MortalCounter() { destroy(); }

  Counter& operator*() { return *counter_; }
  Counter* operator->() { return counter_; }
  /// The first call destroys the counter.
  void destroy() {
    if (counter_ == nullptr) return;
    counter_->~Counter();
    counter_ = nullptr;
    std::memset(memory_, 0, sizeof(memory_));
  }

 private:
  alignas(Counter) std::byte memory_[sizeof(Counter)];
  Counter* counter_;
};

std::exception_ptr error(const char* what) { return std::make_exception_ptr(std::runtime_error(what)); }

Task<> wait_and_destroy(MortalCounter& counter, std::vector<std::string>& thrown) {
  try {
    co_await *counter;
  } catch (const std::runtime_error& e) {
    thrown.emplace_back(e.what());
  }
  counter.destroy();
}

Task<> wait_for(MortalCounter& counter, std::vector<std::string>& thrown) {
  try {
    co_await *counter;
  } catch (const std::runtime_error& e) {
    thrown.emplace_back(e.what());
  }
}

/// Waits until a thread of this process sleeps in the kernel.
void wait_until_asleep(const std::atomic<pid_t>& thread) {
  while (thread.load() == 0) std::this_thread::yield();
  const std::string path = "/proc/self/task/" + std::to_string(thread.load()) + "/stat";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (std::chrono::steady_clock::now() < deadline) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');
    if (name_end != std::string::npos && line.substr(name_end, 3) == ") S") return;
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("the first of two coroutines to go on destroys the counter, and the second one is thrown the error all the same") {
  MortalCounter counter(1);
  std::vector<std::string> thrown;
  auto parent = [](MortalCounter& failing, std::vector<std::string>& errors) -> Task<> {
    Counter waiters;
    for (int i = 0; i < 2; ++i) weft::spawn(wait_and_destroy(failing, errors), waiters);
    co_await weft::yield();  // sync_wait runs in turn, so both are suspended now
    failing->fail(error("job"));
    failing->sub();
    co_await waiters;
  };
  weft::sync_wait(parent(counter, thrown));
  CHECK(thrown == std::vector<std::string>{"job", "job"});
}

TEST_CASE("who has seen that a counter is complete destroys it, while a woken coroutine still waits for its turn") {
  MortalCounter counter(1);
  std::vector<std::string> thrown;
  auto parent = [](MortalCounter& failing, std::vector<std::string>& errors) -> Task<> {
    Counter waiters;
    weft::spawn(wait_for(failing, errors), waiters);
    co_await weft::yield();
    failing->fail(error("job"));
    failing->sub();
    if (failing->is_complete()) failing.destroy();
    co_await waiters;
  };
  weft::sync_wait(parent(counter, thrown));
  CHECK(thrown == std::vector<std::string>{"job"});
}

TEST_CASE("who has seen that a counter is complete destroys it, while a woken thread has not come out of wait()") {
  for (int round = 0; round < 50; ++round) {
    MortalCounter counter(1);
    std::atomic<pid_t> waiter{0};
    std::string thrown;
    std::thread thread([&] {
      Counter& waited_for = *counter;
      waiter.store(static_cast<pid_t>(::syscall(SYS_gettid)));
      try {
        waited_for.wait();
      } catch (const std::runtime_error& e) {
        thrown = e.what();
      }
    });
    wait_until_asleep(waiter);
    // Held here until the thread is joined: ThreadSanitizer does not see the reference count of exceptions.
    const std::exception_ptr held = error("job");
    counter->fail(held);
    counter->sub();
    if (counter->is_complete()) counter.destroy();
    thread.join();
    REQUIRE(thrown == "job");
  }
}

TEST_CASE("what waits in a way of its own may outlive the counter too") {
  auto counter = std::make_unique<Counter>(1);
  weft::ThreadWaiter own_way;
  weft::CounterWaiter entry;
  entry.waiter = &own_way;
  REQUIRE(counter->try_register(entry));
  counter->fail(error("job"));
  counter->sub();
  counter.reset();
  own_way.wait();
  CHECK_THROWS_WITH(entry.rethrow(), "job");
  CHECK_NOTHROW(entry.rethrow());
}

TEST_CASE("an exception belongs to the waiters alone once the counter is gone") {
  struct Failure : std::runtime_error {
    explicit Failure(std::shared_ptr<int> part) : std::runtime_error("job"), held(std::move(part)) {}
    std::shared_ptr<int> held;
  };
  auto part = std::make_shared<int>(1);
  const std::weak_ptr<int> trace = part;
  MortalCounter counter(1);
  std::vector<std::string> thrown;
  auto parent = [](MortalCounter& failing, std::vector<std::string>& errors, std::exception_ptr failure) -> Task<> {
    Counter waiters;
    for (int i = 0; i < 3; ++i) weft::spawn(wait_and_destroy(failing, errors), waiters);
    co_await weft::yield();
    failing->fail(std::move(failure));
    failing->sub();
    co_await waiters;
  };
  weft::sync_wait(parent(counter, thrown, std::make_exception_ptr(Failure(std::move(part)))));
  CHECK(thrown.size() == 3);
  CHECK(trace.expired());
}
