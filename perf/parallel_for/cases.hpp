/// @file
/// Parallel loops: what one costs when it is too short to share, and what it gains when it is not.
///
/// scale_1000    x = x * a + b over 1000 floats: the fixed cost
/// sqrt_sin_1M   x = sqrt(abs(sin(x))) over a million floats
/// two_long      two iterations of about half a millisecond
/// late_long     1000 iterations, of which all but the first hundred take some microseconds
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace parallel_for {

/// The numbers before, and what they must be after one turn.
class Floats {
 public:
  template <class Body>
  Floats(std::size_t count, const Body& body) : values_(count) {
    reset();
    expected_ = values_;
    for (float& value : expected_) body(value);
  }

  [[nodiscard]] float* data() { return values_.data(); }
  [[nodiscard]] std::size_t size() const { return values_.size(); }
  void reset() {
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = static_cast<float>(i % 1000) * 0.001F;
  }
  void verify() const { perf::verify(values_ == expected_, "parallel_for"); }
  /// The same after more turns, for as many numbers as take no time.
  template <class Body>
  void verify_some(benchmark::IterationCount turns, const Body& body) const {
    const std::size_t step = std::max<std::size_t>(1, values_.size() / 16);
    for (std::size_t i = values_.size() - 1; i < values_.size(); i -= step) {
      float expected = expected_[i];
      for (benchmark::IterationCount turn = 0; turn < turns; ++turn) body(expected);
      perf::verify(values_[i] == expected, "parallel_for");
    }
  }

 private:
  std::vector<float> values_;
  std::vector<float> expected_;
};

struct Scale {
  void operator()(float& x) const { x = x * 1.0001F + 0.5F; }
};

struct SqrtSin {
  void operator()(float& x) const { x = std::sqrt(std::abs(std::sin(x))); }
};

/// A chain of dependent steps of two to three nanoseconds, towards 1.
inline float climb(float x, int steps) {
  for (int i = 0; i < steps; ++i) x = x * 0.999F + 0.001F;
  return x;
}

struct TwoLong {
  void operator()(float& x) const { x = climb(x, perf::size(200'000, 1000)); }
};

struct LateLong {
  void operator()(float& x) const { x = x < 0.1F ? x * 0.5F : climb(x, perf::size(2000, 20)); }
};

/// A contender: `for_each(state, floats, body)` runs the whole loop of the state, with one parallel loop in each turn, from
/// wherever its users would call it.
template <class Contender, class Body>
void measure(benchmark::State& state, unsigned threads, std::size_t count) {
  const Body body;
  Floats floats(count, body);
  Contender contender(threads);
  contender.once(floats, body);
  floats.verify();
  contender.repeat(state, floats, body);
  floats.verify_some(state.iterations(), body);
}

template <class Contender>
bool add_contender(const std::string& name, std::initializer_list<unsigned> threads) {
  for (const unsigned n : threads) {
    perf::add_case("scale_1000", name, n, [n](benchmark::State& state) {
      measure<Contender, Scale>(state, n, 1000);
    })->Unit(benchmark::kNanosecond);
    perf::add_case("sqrt_sin_1M", name, n, [n](benchmark::State& state) {
      measure<Contender, SqrtSin>(state, n, perf::size<std::size_t>(1'000'000, 10'000));
    });
    perf::add_case("two_long", name, n, [n](benchmark::State& state) { measure<Contender, TwoLong>(state, n, 2); });
    perf::add_case("late_long", name, n, [n](benchmark::State& state) { measure<Contender, LateLong>(state, n, 1000); });
  }
  return true;
}

}  // namespace parallel_for
