/// @file
/// The plain loop.
#include "parallel_for/cases.hpp"

namespace parallel_for {
namespace {

class Serial {
 public:
  explicit Serial(unsigned) {}

  template <class Body>
  void once(Floats& floats, const Body& body) {
    float* const x = floats.data();
    const std::size_t n = floats.size();
    for (std::size_t i = 0; i < n; ++i) body(x[i]);
    benchmark::ClobberMemory();
  }
  template <class Body>
  void repeat(benchmark::State& state, Floats& floats, const Body& body) {
    for (auto _ : state) once(floats, body);
  }
};

[[maybe_unused]] const bool added = add_contender<Serial>("serial", {1});

}  // namespace
}  // namespace parallel_for
