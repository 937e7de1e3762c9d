// Mistakes with a Counter that would corrupt memory end the process with a sentence.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/subprocess.hpp"

#include <memory>
#include <stdexcept>

using weft_test::Ended;
using weft_test::in_child;

TEST_CASE("subtracting more than was added aborts with a sentence") {
  const Ended ended = in_child([] {
    weft::Counter counter(1);
    counter.sub(2);
    return 0;
  });
  INFO(ended.said);
  CHECK(ended.has_aborted_with("more was subtracted than had been added"));
}

TEST_CASE("destroying a counter that still counts aborts with a sentence") {
  const Ended ended = in_child([] {
    { const weft::Counter counter(1); }
    return 0;
  });
  INFO(ended.said);
  CHECK(ended.has_aborted_with("destroyed while it still counts"));
}

TEST_CASE("resetting a counter that still counts aborts with a sentence") {
  const Ended ended = in_child([] {
    weft::Counter counter(1);
    counter.reset(3);
    return 0;
  });
  INFO(ended.said);
  CHECK(ended.has_aborted_with("Counter::reset"));
}

TEST_CASE("an error of a counter that nobody awaited ends the process instead of being dropped") {
  const Ended ended = in_child([] {
    {
      weft::Counter counter;
      counter.fail(std::make_exception_ptr(std::runtime_error("nobody looked")));
    }
    return 0;
  });
  INFO(ended.said);
  CHECK(ended.has_aborted_with("nobody looked"));
}

TEST_CASE("an error of a later round that nobody awaited ends the process, although an earlier one was thrown") {
  const Ended ended = in_child([] {
    {
      weft::Counter counter;
      counter.fail(std::make_exception_ptr(std::runtime_error("handled")));
      try {
        counter.wait();
      } catch (const std::runtime_error&) {
      }
      counter.add();
      counter.fail(std::make_exception_ptr(std::runtime_error("nobody looked")));
      counter.sub();
    }
    return 0;
  });
  INFO(ended.said);
  CHECK(ended.has_aborted_with("nobody looked"));
}

TEST_CASE("an error that nobody awaited ends the process also if rounds without an error came after it") {
  const Ended ended = in_child([] {
    {
      weft::Counter counter;
      counter.add();
      counter.fail(std::make_exception_ptr(std::runtime_error("nobody looked")));
      counter.sub();
      counter.add();
      counter.sub();
    }
    return 0;
  });
  INFO(ended.said);
  CHECK(ended.has_aborted_with("nobody looked"));
}

TEST_CASE("destroying a counter whose error was thrown ends nothing") {
  const Ended ended = in_child([] {
    weft::Counter counter;
    counter.fail(std::make_exception_ptr(std::runtime_error("handled")));
    try {
      counter.wait();
    } catch (const std::runtime_error&) {
    }
    return 0;
  });
  CHECK(ended.signal == 0);
  CHECK(ended.status == 0);
}

TEST_CASE("an exception of a detached job without a handler ends the process with a sentence") {
  const Ended ended = in_child([] {
    weft::Runtime rt{{.workers = 1}};
    rt.run([] { weft::spawn_detached([] { throw std::runtime_error("nobody looked"); }); });
    return 0;
  });
  INFO(ended.said);
  CHECK(ended.has_aborted_with("work that nobody waits for"));
}

TEST_CASE("destroying a runtime from one of its own tasks aborts with a sentence") {
  const Ended ended = in_child([] {
    auto rt = std::make_unique<weft::Runtime>(weft::RuntimeOptions{.workers = 1});
    rt->run([&] { rt.reset(); });
    return 0;
  });
  INFO(ended.said);
  CHECK(ended.has_aborted_with("destroyed by one of its own tasks"));
}

TEST_CASE("destroying a task group with living children aborts with a sentence") {
  const Ended ended = in_child([] {
    weft::Runtime rt{{.workers = 1}};
    auto parent = []() -> weft::Task<> {
      weft::TaskGroup group;
      group.spawn([] {});
      co_return;
    };
    rt.run(parent());
    return 0;
  });
  INFO(ended.said);
  CHECK(ended.has_aborted_with("a TaskGroup was destroyed before its children ended"));
}
