// The word of a mutex step by step, on one thread.
#include <catch2/catch.hpp>
#include <weft/sync/mutex_word.hpp>

#include <array>
#include <string>

namespace {

struct Node {
  Node* next = nullptr;
  char name = '?';
};

using Word = weft::BasicMutexWord<Node>;

/// Those who are handed the mutex, until it is free.
std::string unlock_all(Word& word) {
  std::string names;
  while (Node* const next = word.unlock()) names += next->name;
  return names;
}

}  // namespace

TEST_CASE("a mutex that nobody waits for goes from free to held and back") {
  Word word;
  CHECK(word.is_free());
  CHECK(word.try_lock());
  CHECK_FALSE(word.is_free());
  CHECK_FALSE(word.try_lock());
  CHECK(word.unlock() == nullptr);
  CHECK(word.is_free());
}

TEST_CASE("who finds the mutex free on a second look does not enter") {
  Word word;
  Node node;
  CHECK(word.lock_or_enter(node));
  CHECK(word.unlock() == nullptr);
}

TEST_CASE("the mutex is handed over in the order of entering, and held until the last one unlocks") {
  Word word;
  std::array<Node, 3> nodes{Node{nullptr, 'a'}, Node{nullptr, 'b'}, Node{nullptr, 'c'}};
  REQUIRE(word.try_lock());
  for (Node& node : nodes) CHECK_FALSE(word.lock_or_enter(node));
  CHECK(word.unlock() == &nodes[0]);
  CHECK_FALSE(word.try_lock());
  CHECK(unlock_all(word) == "bc");
  CHECK(word.is_free());
}

TEST_CASE("arrivals wait until the queue is empty") {
  Word word;
  std::array<Node, 5> nodes{Node{nullptr, 'a'}, Node{nullptr, 'b'}, Node{nullptr, 'c'}, Node{nullptr, 'd'}, Node{nullptr, 'e'}};
  REQUIRE(word.try_lock());
  for (const std::size_t first : {0u, 1u}) CHECK_FALSE(word.lock_or_enter(nodes[first]));
  CHECK(word.unlock() == &nodes[0]);  // b is in the queue
  for (const std::size_t later : {2u, 3u}) CHECK_FALSE(word.lock_or_enter(nodes[later]));
  CHECK(word.unlock() == &nodes[1]);
  CHECK(word.unlock() == &nodes[2]);  // d is in the queue
  CHECK_FALSE(word.lock_or_enter(nodes[4]));
  CHECK(unlock_all(word) == "de");
  CHECK(word.is_free());
}

TEST_CASE("a node enters again after it has been handed the mutex") {
  Word word;
  Node node{nullptr, 'a'};
  REQUIRE(word.try_lock());
  for (int round = 0; round < 3; ++round) {
    CHECK_FALSE(word.lock_or_enter(node));
    CHECK(word.unlock() == &node);
  }
  CHECK(word.unlock() == nullptr);
}
