#include <catch2/catch.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include <weft/weft.hpp>

#include "hand_over.hpp"

using legacy_port::HandOver;
using weft::Task;
namespace this_fiber = weft::this_fiber;

namespace {

/// Puts so many blocks, or fewer if they are not wanted; gives how many.
Task<int> write(HandOver& blocks, int count, std::exception_ptr error) {
  int put = 0;
  bool is_wanted = true;
  while (is_wanted && put < count) {
    is_wanted = co_await blocks.put(std::to_string(put));
    if (is_wanted) ++put;
  }
  co_await blocks.close(error);
  co_return put;
}

Task<std::string> read_all(HandOver& blocks) {
  std::string all;
  std::string block = co_await blocks.take();
  while (!block.empty()) {
    all += block + ' ';
    block = co_await blocks.take();
  }
  co_return all;
}

std::string read_all_on_fiber(HandOver& blocks) {
  std::string all;
  for (std::string block = this_fiber::await(blocks.take()); !block.empty();
       block = this_fiber::await(blocks.take())) {
    all += block + ' ';
  }
  return all;
}

struct Both {
  int put = 0;
  std::string all;
};

Task<Both> run_both(Task<int> writer, Task<std::string> reader) {
  auto [put, all] = co_await weft::when_all(std::move(writer), std::move(reader));
  Both both;
  both.put = put;
  both.all = std::move(all);
  co_return both;
}

}  // namespace

TEST_CASE("blocks reach a coroutine in their order") {
  weft::Runtime rt{{.workers = 2}};
  HandOver blocks;
  const auto [put, all] = rt.run(run_both(write(blocks, 4, nullptr), read_all(blocks)));
  CHECK(put == 4);
  CHECK(all == "0 1 2 3 ");
}

TEST_CASE("blocks reach a fiber in their order, also many on several workers") {
  weft::Runtime rt{{.workers = 2}};
  HandOver blocks;
  auto reader = weft::on_fiber([&blocks] { return read_all_on_fiber(blocks); });
  const auto [put, all] = rt.run(run_both(write(blocks, 2000, nullptr), std::move(reader)));
  CHECK(put == 2000);
  CHECK(all.size() == 10 * 2 + 90 * 3 + 900 * 4 + 1000 * 5);
}

TEST_CASE("an error of the writer reaches the reader behind the blocks") {
  weft::Runtime rt{{.workers = 2}};
  HandOver blocks;
  const auto error = std::make_exception_ptr(std::runtime_error("the disk is gone"));
  std::string taken;
  const auto read_two = [&] {
    taken = this_fiber::await(blocks.take());
    static_cast<void>(this_fiber::await(blocks.take()));
  };
  auto writer = rt.spawn(write(blocks, 1, error));
  CHECK_THROWS_WITH(rt.run(weft::on_fiber(read_two)), "the disk is gone");
  CHECK(writer.wait() == 1);
  CHECK(taken == "0");
}

TEST_CASE("a reader that refuses ends the writer, whatever has been put") {
  weft::Runtime rt{{.workers = 2}};
  for (int taken = 0; taken <= 3; ++taken) {
    for (int count = taken; count <= 4; ++count) {
      HandOver blocks;
      const auto read = [&] {
        for (int i = 0; i < taken; ++i) static_cast<void>(this_fiber::await(blocks.take()));
        this_fiber::await(blocks.refuse());
      };
      auto writer = rt.spawn(
          write(blocks, count, std::make_exception_ptr(std::runtime_error("nobody reads this"))));
      rt.run(weft::on_fiber(read));
      CHECK(writer.wait() >= taken);
    }
  }
}
