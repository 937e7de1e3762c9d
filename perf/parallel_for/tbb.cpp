/// @file
/// oneTBB's parallel_for over a blocked_range, inside the arena.
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "parallel_for/cases.hpp"

namespace parallel_for {
namespace {

class Tbb {
 public:
  explicit Tbb(unsigned threads) : arena_(static_cast<int>(threads)) {}

  template <class Body>
  void once(Floats& floats, const Body& body) {
    arena_.execute([&] { loop(floats, body); });
  }
  template <class Body>
  void repeat(benchmark::State& state, Floats& floats, const Body& body) {
    arena_.execute([&] {
      for (auto _ : state) loop(floats, body);
    });
  }

 private:
  template <class Body>
  static void loop(Floats& floats, const Body& body) {
    float* const x = floats.data();
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, floats.size()),
                      [x, &body](const tbb::blocked_range<std::size_t>& range) {
                        for (std::size_t i = range.begin(); i < range.end(); ++i) body(x[i]);
                      });
  }

  tbb::task_arena arena_;
};

[[maybe_unused]] const bool added = add_contender<Tbb>("tbb", {1, 2});

}  // namespace
}  // namespace parallel_for
