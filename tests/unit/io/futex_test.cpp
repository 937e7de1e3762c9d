// Words that threads and processes wait on, and tasks with them.
#include <catch2/catch.hpp>
#include <weft/io/futex.hpp>
#include <weft/weft.hpp>

#include "unit/io/streams.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>

using namespace std::chrono_literals;
using namespace weft_test;
using weft::Task;
using weft::io::futex_wait;
using weft::io::futex_wake;
using weft::io::FutexScope;
using Word = std::atomic<std::uint32_t>;

namespace {

Task<> wait_while_zero(const Word& word, FutexScope scope = FutexScope::Process) {
  while (word.load(std::memory_order_acquire) == 0) co_await futex_wait(word, 0, scope);
}

/// Memory that a process started by fork() shares.
class SharedWord {
 public:
  SharedWord() {
    void* const memory = ::mmap(nullptr, sizeof(Word), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap failed");
    word_ = new (memory) Word(0);
  }
  SharedWord(const SharedWord&) = delete;
  SharedWord& operator=(const SharedWord&) = delete;
  ~SharedWord() { ::munmap(word_, sizeof(Word)); }
  Word& operator*() const noexcept { return *word_; }

 private:
  Word* word_;
};

}  // namespace

TEST_CASE("a word that has another value than is expected is not waited for") {
  with_each_setting([]() -> Task<> {
    const Word word = 1;
    co_await futex_wait(word, 0);
    co_await futex_wait(word, 0, FutexScope::Shared);
  });
}

TEST_CASE("a task goes on when a thread without weft has changed the word and wakes") {
  with_each_setting([]() -> Task<> {
    Word word = 0;
    std::jthread other([&word] {
      word.store(1, std::memory_order_release);
      futex_wake(word);
    });
    co_await wait_while_zero(word);
  });
}

TEST_CASE("a wake is for as many as it says") {
  for (const weft::IoBackend backend : working_backends()) {
    Word word = 0;
    weft::Runtime rt{{.workers = 2, .io_backend = backend}};
    const auto wait_once = [&word]() -> Task<> { co_await futex_wait(word, 0); };
    weft::Counter both;
    rt.spawn(wait_once, both);
    rt.spawn(wait_once, both);
    unsigned woken = 0;
    while (woken < 2) {
      const unsigned now = futex_wake(word);
      REQUIRE(now <= 1);
      woken += now;
      std::this_thread::yield();
    }
    rt.run([&both]() -> Task<> { co_await both; });
    CHECK(futex_wake(word, 100) == 0);
  }
}

TEST_CASE("a stop request ends a wait for a word, and others who wait for it go on waiting") {
  for (const weft::IoBackend backend : working_backends()) {
    Word word = 0;
    bool is_woken = true;
    weft::Runtime rt{{.workers = 2, .io_backend = backend}};
    weft::Counter other;
    rt.spawn([&word]() -> Task<> { co_await wait_while_zero(word); }, other);
    rt.run([&]() -> Task<> { is_woken = co_await weft::completed_within(wait_while_zero(word), 2ms); });
    CHECK_FALSE(is_woken);
    word.store(1, std::memory_order_release);
    futex_wake(word, 2);
    rt.run([&other]() -> Task<> { co_await other; });
  }
}

TEST_CASE("a word in memory that is shared is waited for across processes") {
  for (const weft::IoBackend backend : working_backends()) {
    const SharedWord word;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      (*word).store(1, std::memory_order_release);
      futex_wake(*word, 1, FutexScope::Shared);
      ::_exit(0);
    }
    weft::Runtime rt{{.workers = 1, .io_backend = backend}};
    rt.run(wait_while_zero(*word, FutexScope::Shared));
    CHECK((*word).load() == 1);
    ::waitpid(child, nullptr, 0);
  }
}

TEST_CASE("a word where there is no memory is an error that says so") {
  with_each_setting([]() -> Task<> {
    std::string said;
    try {
      co_await futex_wait(*reinterpret_cast<const Word*>(64), 0);  // NOLINT: never read here, only by the kernel
    } catch (const std::system_error& error) {
      said = error.what();
    }
    if (said.find("futex wait: Bad address") == std::string::npos) throw std::runtime_error("it said: " + said);
  });
}
