// The measuring inside a loop, on chunks that take as long as they are told.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include <algorithm>
#include <cstddef>

using weft::detail::Loop;
using weft::detail::TickClock;

namespace {

constexpr std::size_t kMany = 1'000'000;

/// Spins for some microseconds for each position; the pieces it was called with are kept.
struct Chunk {
  void operator()(std::size_t lo, std::size_t hi) {
    longest = std::max(longest, hi - lo);
    calls += 1;
    const double ticks = microseconds * static_cast<double>(hi - lo) * TickClock::per_microsecond();
    const auto start = TickClock::now();
    while (TickClock::since(start) < ticks) {
    }
  }
  double microseconds = 0;
  std::size_t longest = 0;
  std::size_t calls = 0;
};

/// Runs `test(loop, chunk)` in a job of a runtime with two workers.
template <class Test>
bool on_worker(std::size_t count, weft::ParallelForOptions options, Test test) {
  weft::Runtime rt{{.workers = 2}};
  return rt.run([&] {
    Chunk chunk;
    Loop<Chunk> loop(chunk, count, options, nullptr);
    return test(loop, chunk);
  });
}

/// Lets the grain of a loop grow over pieces that cost nothing.
void let_grow(Loop<Chunk>& loop, Chunk& chunk) {
  chunk.microseconds = 0;
  while (loop.grain() < 5000) static_cast<void>(loop.run_piece(0, loop.grain()));
}

}  // namespace

TEST_CASE("a loop of few iterations is offered before the first has run") {
  CHECK(on_worker(31, {}, [](auto& loop, Chunk& chunk) { return loop.run_beginning() == 0 && chunk.calls == 0; }));
}

TEST_CASE("a loop of many iterations is offered after the first if that is long") {
  CHECK(on_worker(1000, {}, [](auto& loop, Chunk& chunk) {
    chunk.microseconds = 5;
    return loop.run_beginning() == 1 && chunk.calls == 1;
  }));
}

TEST_CASE("what runs before a loop is offered is bounded, however short the first iterations were") {
  CHECK(on_worker(1000, {}, [](auto& loop, Chunk& chunk) {
    static_cast<void>(loop.run_beginning());
    return chunk.longest <= 125;
  }));
  CHECK(on_worker(kMany, {}, [](auto& loop, Chunk& chunk) {
    const std::size_t rest = loop.run_beginning();
    return rest < kMany && chunk.longest <= 1024;
  }));
}

TEST_CASE("a given grain is taken without measuring") {
  CHECK(on_worker(kMany, {.grain = 100}, [](auto& loop, Chunk& chunk) {
    return loop.run_beginning() == 0 && chunk.calls == 0 && loop.grain() == 100;
  }));
}

TEST_CASE("the grain grows while pieces are short, and shrinks at once when they are long") {
  CHECK(on_worker(kMany, {}, [](auto& loop, Chunk& chunk) {
    let_grow(loop, chunk);
    chunk.microseconds = 20;
    static_cast<void>(loop.run_piece(0, 8));
    return loop.grain() == 1;
  }));
}

TEST_CASE("a piece that turns out long hands over its rest when there is nothing else to take") {
  CHECK(on_worker(kMany, {}, [](auto& loop, Chunk& chunk) {
    let_grow(loop, chunk);
    chunk.microseconds = 20;
    return loop.run_piece(0, 80) == 10;  // the first of eight looks
  }));
}

TEST_CASE("a piece is not given up for a rest that is short") {
  CHECK(on_worker(kMany, {}, [](auto& loop, Chunk& chunk) {
    let_grow(loop, chunk);
    // A thread that loses its processor in the middle sees a long piece: one of many has to run through.
    for (int i = 0; i < 100; ++i) {
      if (loop.run_piece(0, 80) == 80) return true;
    }
    return false;
  }));
}

TEST_CASE("a single worker gives up nothing, and offers nothing") {
  weft::Runtime rt{{.workers = 1}};
  CHECK(rt.run([] {
    Chunk chunk;
    chunk.microseconds = 20;
    Loop<Chunk> loop(chunk, 100, {}, nullptr);
    return loop.run_beginning() == 100;
  }));
}
