#include <catch2/catch.hpp>

#include "base/futex.hpp"
#include "base/parker.hpp"

#include <atomic>
#include <chrono>
#include <thread>

using namespace std::chrono_literals;

TEST_CASE("futex_wait returns at once when the word holds something else") {
  const weft::Atomic<std::uint32_t> word{1};
  weft::futex_wait(word, 0);
  SUCCEED();
}

TEST_CASE("futex_wait_for gives up after its timeout") {
  const weft::Atomic<std::uint32_t> word{0};
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < 5ms) weft::futex_wait_for(word, 0, 5ms);  // it may return early
  SUCCEED();
}

TEST_CASE("a token left before park is taken without sleeping, and only once") {
  weft::Parker parker;
  parker.unpark();
  parker.unpark();
  parker.park();
  std::atomic<bool> is_released{false};
  std::thread releaser([&] {
    is_released.store(true);
    parker.unpark();
  });
  parker.park();
  CHECK(is_released.load());
  releaser.join();
}

TEST_CASE("park and unpark hand a value back and forth without loss") {
  weft::Parker here;
  weft::Parker there;
  int value = 0;
  constexpr int kRounds = 2000;
  std::thread other([&] {
    for (int i = 0; i < kRounds; ++i) {
      there.park();
      ++value;
      here.unpark();
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    ++value;
    there.unpark();
    here.park();
  }
  other.join();
  CHECK(value == 2 * kRounds);
}
