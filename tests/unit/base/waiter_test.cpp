#include <catch2/catch.hpp>
#include <weft/base/waiter.hpp>

#include <thread>
#include <vector>

using weft::Waiter;

namespace {

struct NotedWaiter : Waiter {
  NotedWaiter(std::vector<int>& order_of_wakes, int my_number) : order(order_of_wakes), number(my_number) {
    wake = [](Waiter* waiter) noexcept {
      auto& self = *static_cast<NotedWaiter*>(waiter);
      self.order.push_back(self.number);
      self.next = &self;  // a waker that reads `next` after the wake goes round in circles
    };
  }
  std::vector<int>& order;
  int number;
};

}  // namespace

TEST_CASE("wake_all wakes in list order and reads each link before the wake") {
  std::vector<int> order;
  NotedWaiter third(order, 3);
  NotedWaiter second(order, 2);
  NotedWaiter first(order, 1);
  first.next = &second;
  second.next = &third;
  weft::wake_all(&first);
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("wake_all of an empty list does nothing") { weft::wake_all(nullptr); }

TEST_CASE("a ThreadWaiter that was woken before it waits does not sleep") {
  weft::ThreadWaiter waiter;
  waiter.wake(&waiter);
  waiter.wait();
  SUCCEED();
}

TEST_CASE("a ThreadWaiter sees what the waker did before") {
  for (int round = 0; round < 200; ++round) {
    weft::ThreadWaiter waiter;
    int written = 0;
    std::thread waker([&] {
      written = round + 1;
      waiter.wake(&waiter);
    });
    waiter.wait();
    const int seen = written;
    waker.join();
    REQUIRE(seen == round + 1);
  }
}
