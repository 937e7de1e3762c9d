#include <catch2/catch.hpp>
#include <weft/queue/deque.hpp>

#include "support/many.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <thread>
#include <vector>

using weft::StealStatus;
using Deque = weft::BasicDeque<int>;

namespace {

std::vector<int> numbers(int count) {
  std::vector<int> made(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) made[static_cast<std::size_t>(i)] = i;
  return made;
}

void push(Deque& deque, int& item) {
  deque.reserve(1);
  deque.push(&item);
}

}  // namespace

TEST_CASE("the owner takes the newest item, a thief the oldest") {
  auto items = numbers(3);
  Deque deque(4);
  for (int& item : items) push(deque, item);
  CHECK(deque.size_hint() == 3);
  CHECK(deque.pop() == &items[2]);
  const auto stolen = deque.steal();
  CHECK(stolen.status == StealStatus::Got);
  CHECK(stolen.item == &items[0]);
  CHECK(deque.pop() == &items[1]);
  CHECK(deque.pop() == nullptr);
  CHECK(deque.steal().status == StealStatus::Empty);
}

TEST_CASE("an empty deque stays empty after any number of pops and steals, and works afterwards") {
  Deque deque(2);
  for (int i = 0; i < 5; ++i) {
    CHECK(deque.pop() == nullptr);
    CHECK(deque.steal().status == StealStatus::Empty);
    CHECK(deque.pop_oldest() == nullptr);
    CHECK(deque.is_empty_hint());
    CHECK(deque.size_hint() == 0);
  }
  int item = 0;
  push(deque, item);
  CHECK_FALSE(deque.is_empty_hint());
  CHECK(deque.pop() == &item);
}

TEST_CASE("all rings are in the memory that the deque was given, and go back there") {
  struct Counting final : std::pmr::memory_resource {
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
      out += bytes;
      return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override {
      out -= bytes;
      std::pmr::new_delete_resource()->deallocate(block, bytes, alignment);
    }
    [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
    std::size_t out = 0;
  };
  Counting memory;
  {
    auto items = numbers(100);
    Deque deque(2, 0, &memory);
    CHECK(memory.out >= 2 * sizeof(void*));
    for (int& item : items) push(deque, item);
    CHECK(memory.out >= 128 * sizeof(void*));
    CHECK(deque.steal().item == &items[0]);
  }
  CHECK(memory.out == 0);
}

TEST_CASE("the deque grows past its first ring and keeps every item and their order") {
  auto items = numbers(1000);
  Deque deque(2);
  for (int& item : items) push(deque, item);
  CHECK(deque.size_hint() == 1000);
  for (std::size_t i = 0; i < 400; ++i) REQUIRE(deque.steal().item == &items[i]);
  for (std::size_t i = 1000; i-- > 400;) REQUIRE(deque.pop() == &items[i]);
  CHECK(deque.pop() == nullptr);
}

TEST_CASE("the deque reuses slots that thieves have emptied instead of growing") {
  auto items = numbers(4);
  Deque deque(4);
  for (int round = 0; round < 1000; ++round) {
    for (int& item : items) push(deque, item);
    REQUIRE(deque.steal().item == &items[0]);
    REQUIRE(deque.steal().item == &items[1]);
    REQUIRE(deque.pop() == &items[3]);
    REQUIRE(deque.pop() == &items[2]);
  }
}

TEST_CASE("a chain is popped in its order, and stolen from its end") {
  auto items = numbers(5);
  Deque deque(8);
  deque.reserve(5);
  deque.push_chain(5, [&](std::size_t i) { return &items[i]; });
  CHECK(deque.pop() == &items[0]);
  CHECK(deque.pop() == &items[1]);
  CHECK(deque.steal().item == &items[4]);
  CHECK(deque.steal().item == &items[3]);
  CHECK(deque.pop() == &items[2]);
  CHECK(deque.pop() == nullptr);
}

TEST_CASE("reserve makes room for a whole chain at once") {
  auto items = numbers(100);
  Deque deque(2);
  push(deque, items[99]);
  deque.reserve(99);
  deque.push_chain(99, [&](std::size_t i) { return &items[i]; });
  for (std::size_t i = 0; i < 100; ++i) REQUIRE(deque.pop() == &items[i]);
}

TEST_CASE("pop_oldest takes the owner's oldest item") {
  auto items = numbers(3);
  Deque deque(4);
  for (int& item : items) push(deque, item);
  CHECK(deque.pop_oldest() == &items[0]);
  CHECK(deque.pop() == &items[2]);
  CHECK(deque.pop_oldest() == &items[1]);
  CHECK(deque.pop_oldest() == nullptr);
}

TEST_CASE("pop_if takes the expected item while others lie below it") {
  auto items = numbers(3);
  Deque deque(4);
  for (int& item : items) push(deque, item);
  CHECK(deque.pop_if(&items[2]));
  CHECK(deque.pop_if(&items[1]));
  // The last item may be raced for, so pop_if leaves it to finish_pop.
  CHECK_FALSE(deque.pop_if(&items[0]));
  CHECK(deque.finish_pop() == &items[0]);
  CHECK(deque.is_empty_hint());
}

TEST_CASE("finish_pop takes whatever is newest when the expected item is not") {
  auto items = numbers(3);
  Deque deque(4);
  push(deque, items[0]);
  push(deque, items[1]);
  CHECK_FALSE(deque.pop_if(&items[2]));
  CHECK(deque.finish_pop() == &items[1]);
  CHECK(deque.size_hint() == 1);
  CHECK(deque.pop() == &items[0]);
}

TEST_CASE("finish_pop after a pop_if on an empty deque gives null and leaves it usable") {
  auto items = numbers(2);
  Deque deque(4);
  CHECK_FALSE(deque.pop_if(&items[0]));
  CHECK(deque.finish_pop() == nullptr);
  push(deque, items[1]);
  CHECK(deque.steal().item == &items[1]);
}

TEST_CASE("an item that a thief has taken is not popped again by pop_if") {
  auto items = numbers(1);
  Deque deque(4);
  push(deque, items[0]);
  CHECK(deque.steal().item == &items[0]);
  CHECK_FALSE(deque.pop_if(&items[0]));
  CHECK(deque.finish_pop() == nullptr);
}

TEST_CASE("indices wrap around without anybody noticing") {
  const auto distance_to_wrap = GENERATE(0u, 1u, 3u, 17u);
  const auto power = GENERATE(std::uint64_t{1} << 32, std::uint64_t{1} << 63, std::uint64_t{0});
  auto items = numbers(64);
  Deque deque(4, power - distance_to_wrap);
  // Across the border by stealing, by popping, and with growth in between.
  for (std::size_t i = 0; i < 8; ++i) {
    push(deque, items[i]);
    REQUIRE(deque.steal().item == &items[i]);
  }
  Deque growing(2, power - distance_to_wrap);
  for (int& item : items) push(growing, item);
  CHECK(growing.size_hint() == 64);
  CHECK_FALSE(growing.is_empty_hint());
  for (std::size_t i = 0; i < 32; ++i) REQUIRE(growing.steal().item == &items[i]);
  for (std::size_t i = 64; i-- > 33;) REQUIRE(growing.pop_if(&items[i]));
  REQUIRE_FALSE(growing.pop_if(&items[32]));
  REQUIRE(growing.finish_pop() == &items[32]);
  CHECK(growing.pop() == nullptr);
  CHECK(growing.steal().status == StealStatus::Empty);
}

TEST_CASE("an empty deque right before the wrap-around is empty") {
  const auto start = GENERATE(std::uint64_t{0}, (std::uint64_t{1} << 32) - 1, std::uint64_t{1} << 63, ~std::uint64_t{0});
  Deque deque(2, start);
  CHECK(deque.pop() == nullptr);
  CHECK(deque.steal().status == StealStatus::Empty);
  CHECK(deque.is_empty_hint());
  CHECK(deque.size_hint() == 0);
}

TEST_CASE("the last item goes to the owner or to one thief, never to both or to nobody") {
  // Until both have won often enough, which takes a while where they share one processor.
  constexpr int kWins = 2000;
  constexpr int kMostRounds = weft_test::kSanitized ? 2'000'000 : 50'000'000;
  Deque deque(4);
  int item = 0;
  std::atomic<bool> is_over{false};
  std::atomic<int> stolen{0};
  std::thread thief([&] {
    // Tries all the time, so that the owner's push and pop fall anywhere into its steps.
    while (!is_over.load()) {
      if (deque.steal().status == StealStatus::Got) stolen.fetch_add(1);
    }
  });
  int popped = 0;
  int rounds = 0;
  for (; rounds < kMostRounds && (popped < kWins || stolen.load() < kWins); ++rounds) {
    push(deque, item);
    if (rounds % 2 == 0) {
      if (deque.pop() != nullptr) ++popped;
    } else if (deque.pop_if(&item)) {
      ++popped;
    } else if (deque.finish_pop() != nullptr) {
      ++popped;
    }
  }
  is_over.store(true);
  thief.join();
  CHECK(popped + stolen.load() == rounds);
  CHECK(deque.is_empty_hint());
}
