/// @file
/// weft's parallel_for: awaited in a task, and blocking in a job.
#include <weft/weft.hpp>

#include "parallel_for/cases.hpp"

namespace parallel_for {
namespace {

using weft::Task;

template <class Body>
struct Chunk {
  float* x;
  Body body;
  void operator()(std::size_t first, std::size_t last) const {
    for (std::size_t i = first; i < last; ++i) body(x[i]);
  }
};

template <class Body>
Chunk<Body> chunk_of(Floats& floats, const Body& body) {
  return {floats.data(), body};
}

class Weft {
 public:
  explicit Weft(unsigned threads) : runtime_({.workers = threads}) {}

  template <class Body>
  void once(Floats& floats, const Body& body) {
    runtime_.run(weft::parallel_for(std::size_t{0}, floats.size(), chunk_of(floats, body)));
  }
  template <class Body>
  void repeat(benchmark::State& state, Floats& floats, const Body& body) {
    runtime_.run(repeat_inside(state, floats.size(), chunk_of(floats, body)));
  }

 private:
  template <class Body>
  static Task<> repeat_inside(benchmark::State& state, std::size_t count, Body body) {
    for (auto _ : state) co_await weft::parallel_for(std::size_t{0}, count, body);
  }

  weft::Runtime runtime_;
};

class WeftSync {
 public:
  explicit WeftSync(unsigned threads) : runtime_({.workers = threads}) {}

  template <class Body>
  void once(Floats& floats, const Body& body) {
    runtime_.run([&] { weft::sync_parallel_for(std::size_t{0}, floats.size(), chunk_of(floats, body)); });
  }
  template <class Body>
  void repeat(benchmark::State& state, Floats& floats, const Body& body) {
    runtime_.run([&] {
      const auto chunk = chunk_of(floats, body);
      for (auto _ : state) weft::sync_parallel_for(std::size_t{0}, floats.size(), chunk);
    });
  }

 private:
  weft::Runtime runtime_;
};

[[maybe_unused]] const bool added = add_contender<Weft>("weft", {1, 2});
[[maybe_unused]] const bool added_sync = add_contender<WeftSync>("weft-sync", {1, 2});

}  // namespace
}  // namespace parallel_for
