// Mistakes with a Counter that would corrupt memory end the process with a sentence.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "support/aborts.hpp"
#include "support/subprocess.hpp"

#include <memory>
#include <stdexcept>

using weft_test::check_aborts;
using weft_test::Ended;
using weft_test::in_child;

TEST_CASE("subtracting more than was added aborts with a sentence") {
  check_aborts("more was subtracted than had been added", [] {
    weft::Counter counter(1);
    counter.sub(2);
  });
}

TEST_CASE("destroying a counter that still counts aborts with a sentence") {
  check_aborts("destroyed while it still counts", [] { const weft::Counter counter(1); });
}

TEST_CASE("an exception that destroys a counter which still counts is not hidden by the sentence") {
  check_aborts("an exception is under way", [] {
    try {
      const weft::Counter counter(1);
      throw std::runtime_error("the reason");
    } catch (const std::runtime_error&) {
    }
  });
}

TEST_CASE("resetting a counter that still counts aborts with a sentence") {
  check_aborts("Counter::reset", [] {
    weft::Counter counter(1);
    counter.reset(3);
  });
}

TEST_CASE("an error of a counter that nobody awaited ends the process instead of being dropped") {
  check_aborts("nobody looked", [] {
    weft::Counter counter;
    counter.fail(std::make_exception_ptr(std::runtime_error("nobody looked")));
  });
}

TEST_CASE("an error of a later round that nobody awaited ends the process, although an earlier one was thrown") {
  check_aborts("nobody looked", [] {
    weft::Counter counter;
    counter.fail(std::make_exception_ptr(std::runtime_error("handled")));
    try {
      counter.wait();
    } catch (const std::runtime_error&) {
    }
    counter.add();
    counter.fail(std::make_exception_ptr(std::runtime_error("nobody looked")));
    counter.sub();
  });
}

TEST_CASE("an error that nobody awaited ends the process also if rounds without an error came after it") {
  check_aborts("nobody looked", [] {
    weft::Counter counter;
    counter.add();
    counter.fail(std::make_exception_ptr(std::runtime_error("nobody looked")));
    counter.sub();
    counter.add();
    counter.sub();
  });
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
  check_aborts("work that nobody waits for", [] {
    weft::Runtime rt{{.workers = 1}};
    rt.run([] { weft::spawn_detached([] { throw std::runtime_error("nobody looked"); }); });
  });
}

TEST_CASE("destroying a runtime from one of its own tasks aborts with a sentence") {
  check_aborts("destroyed by one of its own tasks", [] {
    auto rt = std::make_unique<weft::Runtime>(weft::RuntimeOptions{.workers = 1});
    rt->run([&] { rt.reset(); });
  });
}

TEST_CASE("destroying a task group with living children aborts with a sentence") {
  check_aborts("a TaskGroup was destroyed before its children ended", [] {
    weft::Runtime rt{{.workers = 1}};
    auto parent = []() -> weft::Task<> {
      weft::TaskGroup group;
      group.spawn([] {});
      co_return;
    };
    rt.run(parent());
  });
}
