// Which round's exception is thrown to whom.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

using weft::Counter;
using weft::Task;

namespace {

std::exception_ptr error(const std::string& what) { return std::make_exception_ptr(std::runtime_error(what)); }

void fail_once(Counter& counter, const std::string& what) {
  counter.add();
  counter.fail(error(what));
  counter.sub();
}

void succeed_once(Counter& counter) {
  counter.add();
  counter.sub();
}

}  // namespace

TEST_CASE("the error of a round is not thrown again by the next round, where nothing fails") {
  Counter counter;
  fail_once(counter, "first round");
  CHECK_THROWS_WITH(counter.wait(), "first round");
  succeed_once(counter);
  CHECK_NOTHROW(counter.wait());
  CHECK_NOTHROW(counter.rethrow());
}

TEST_CASE("a round throws its own error, not the one that an earlier round has thrown") {
  Counter counter;
  fail_once(counter, "first round");
  CHECK_THROWS_WITH(counter.wait(), "first round");
  fail_once(counter, "second round");
  CHECK_THROWS_WITH(counter.wait(), "second round");
  fail_once(counter, "third round");
  CHECK_THROWS_WITH(counter.wait(), "third round");
}

TEST_CASE("an error is thrown to whoever awaits its round after the end, until an add begins the next") {
  Counter counter;
  fail_once(counter, "round");
  auto waits = [](Counter& failed) -> Task<> { co_await failed; };
  for (int i = 0; i < 3; ++i) {
    CHECK_THROWS_WITH(counter.wait(), "round");
    CHECK_THROWS_WITH(counter.rethrow(), "round");
    CHECK_THROWS_WITH(weft::sync_wait(waits(counter)), "round");
  }
  counter.add();
  CHECK_NOTHROW(counter.rethrow());
  counter.sub();
  CHECK_NOTHROW(counter.wait());
}

TEST_CASE("an error that nobody was thrown stays while other rounds go by, and is thrown to the next who awaits") {
  Counter counter;
  fail_once(counter, "first round");
  succeed_once(counter);
  succeed_once(counter);
  CHECK_THROWS_WITH(counter.wait(), "first round");
  CHECK_THROWS_WITH(counter.wait(), "first round");
  succeed_once(counter);
  CHECK_NOTHROW(counter.wait());
}

TEST_CASE("while an error waits to be thrown, those that follow are dropped") {
  Counter counter;
  fail_once(counter, "first round");
  fail_once(counter, "second round");
  CHECK_THROWS_WITH(counter.wait(), "first round");
  fail_once(counter, "third round");
  CHECK_THROWS_WITH(counter.wait(), "third round");
}

TEST_CASE("an error replaces one that was thrown already") {
  Counter counter;
  fail_once(counter, "old");
  CHECK_THROWS_WITH(counter.wait(), "old");
  counter.fail(error("new"));
  CHECK_THROWS_WITH(counter.wait(), "new");
}

TEST_CASE("rethrow does nothing while the counter counts, and the error is thrown at the end all the same") {
  Counter counter(2);
  counter.fail(error("job"));
  counter.sub();
  CHECK_NOTHROW(counter.rethrow());
  counter.sub();
  CHECK_THROWS_WITH(counter.wait(), "job");
}

TEST_CASE("jobs of one round in three fail, and each round throws what its jobs threw") {
  weft::Runtime rt{{.workers = 2}};
  auto parent = []() -> Task<int> {
    Counter counter;
    int wrong = 0;
    for (int round = 0; round < 300; ++round) {
      for (int job = 0; job < 3; ++job) {
        weft::spawn(
            [round, job] {
              if (round % 3 == 0 && job != 1) throw round;
            },
            counter);
      }
      int thrown = -1;
      try {
        co_await counter;
      } catch (int error) {
        thrown = error;
      }
      if (thrown != (round % 3 == 0 ? round : -1)) ++wrong;
    }
    co_return wrong;
  };
  CHECK(rt.run(parent()) == 0);
}

TEST_CASE("the exception that a new round forgets is destroyed then, and so is the one that is replaced") {
  struct Failure {
    std::shared_ptr<int> held;
  };
  const auto part = std::make_shared<int>(1);
  Counter counter;
  auto fail = [&] { counter.fail(std::make_exception_ptr(Failure{part})); };
  fail();
  CHECK_THROWS_AS(counter.wait(), Failure);
  CHECK(part.use_count() == 2);
  counter.add();
  CHECK(part.use_count() == 1);
  fail();
  fail();  // dropped
  counter.sub();
  CHECK(part.use_count() == 2);
  CHECK_THROWS_AS(counter.wait(), Failure);
  fail();  // replaces
  CHECK(part.use_count() == 2);
  CHECK_THROWS_AS(counter.wait(), Failure);
  counter.reset();
  CHECK(part.use_count() == 1);
}

TEST_CASE("the exception that a new round forgets may use the counter while it is destroyed") {
  struct Failure {
    explicit Failure(Counter& failed) : counter(&failed) {}
    Failure(const Failure& other) noexcept : counter(other.counter) { other.counter = nullptr; }
    Failure& operator=(const Failure&) = delete;
    ~Failure() {
      if (counter != nullptr) counter->fail(error("said while destroyed"));
    }
    mutable Counter* counter;
  };
  Counter counter;
  counter.fail(std::make_exception_ptr(Failure(counter)));
  CHECK_THROWS_AS(counter.wait(), Failure);
  counter.add();
  counter.sub();
  CHECK_THROWS_WITH(counter.wait(), "said while destroyed");
}
