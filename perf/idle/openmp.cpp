/// @file
/// OpenMP, whose threads spin for a while after a parallel region.
#include <cstddef>
#include <latch>

#include "idle/cases.hpp"

namespace idle {
namespace {

class OpenMp {
 public:
  explicit OpenMp(unsigned) {}
  void work(unsigned threads) {
    std::latch all(static_cast<std::ptrdiff_t>(threads));
#pragma omp parallel num_threads(static_cast<int>(threads)) shared(all)
    all.arrive_and_wait();
  }
};

[[maybe_unused]] const bool added = add_contender<OpenMp>("openmp", kAnything);

}  // namespace
}  // namespace idle
