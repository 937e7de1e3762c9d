#include <catch2/catch.hpp>
#include <weft/weft.hpp>

using weft::Runtime;
using weft::Task;

TEST_CASE("run on a worker is refused, of this runtime and of another") {
  Runtime rt{{.workers = 2}};
  Runtime other{{.workers = 1}};
  CHECK_THROWS_AS(rt.run([&] { rt.run([] {}); }), weft::UsageError);
  CHECK_THROWS_WITH(rt.run([&] { other.run([] {}); }), Catch::Contains("co_await"));
  auto task = [&]() -> Task<> {
    rt.run([] {});
    co_return;
  };
  CHECK_THROWS_AS(rt.run(task()), weft::UsageError);
  CHECK(rt.run([] { return 1; }) == 1);
}

TEST_CASE("run inside sync_wait is refused") {
  Runtime rt{{.workers = 1}};
  auto task = [&]() -> Task<> {
    rt.run([] {});
    co_return;
  };
  CHECK_THROWS_AS(weft::sync_wait(task()), weft::UsageError);
}

TEST_CASE("shutdown on a worker is refused") {
  Runtime rt{{.workers = 1}};
  CHECK_THROWS_AS(rt.run([&] { rt.shutdown(); }), weft::UsageError);
  CHECK(rt.run([] { return 1; }) == 1);
}

TEST_CASE("a number of workers that makes no sense is refused with the limit in the message") {
  CHECK_THROWS_AS(Runtime({.workers = 5000}), weft::UsageError);
  CHECK_THROWS_WITH(Runtime({.workers = 5000}), Catch::Contains("4096"));
}

TEST_CASE("a runtime that is never used comes and goes") {
  for (int i = 0; i < 100; ++i) const Runtime rt{{.workers = 16}};
  SUCCEED();
}
