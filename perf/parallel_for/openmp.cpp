/// @file
/// OpenMP's parallel for with its static schedule.
#include "parallel_for/cases.hpp"

namespace parallel_for {
namespace {

class OpenMp {
 public:
  explicit OpenMp(unsigned threads) : threads_(static_cast<int>(threads)) {}

  template <class Body>
  void once(Floats& floats, const Body& body) {
    float* const x = floats.data();
    const std::size_t n = floats.size();
#pragma omp parallel for num_threads(threads_)
    for (std::size_t i = 0; i < n; ++i) body(x[i]);
  }
  template <class Body>
  void repeat(benchmark::State& state, Floats& floats, const Body& body) {
    for (auto _ : state) once(floats, body);
  }

 private:
  int threads_;
};

[[maybe_unused]] const bool added = add_contender<OpenMp>("openmp", {1, 2});

}  // namespace
}  // namespace parallel_for
