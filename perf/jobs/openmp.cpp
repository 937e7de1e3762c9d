/// @file
/// OpenMP's tasks in a taskgroup.
#include <algorithm>

#include "jobs/contender.hpp"

namespace jobs {
namespace {

void spawn_and_join(std::size_t count) {
#pragma omp taskgroup
  for (std::size_t i = 0; i < count; ++i) {
#pragma omp task
    perf::Tally::count();
  }
}

class OpenMp {
 public:
  explicit OpenMp(unsigned threads) : threads_(static_cast<int>(threads)) {}

  void join_inside(std::size_t count) {
#pragma omp parallel num_threads(threads_)
#pragma omp single
    spawn_and_join(count);
  }
  void batches(std::size_t count) {
#pragma omp parallel num_threads(threads_)
#pragma omp single
    for (; count > 0; count -= std::min(count, kBatch)) spawn_and_join(std::min(count, kBatch));
  }
  void one_by_one(std::size_t count) {
#pragma omp parallel num_threads(threads_)
#pragma omp single
    for (std::size_t i = 0; i < count; ++i) spawn_and_join(1);
  }
  void imbalanced(Imbalanced& work) {
#pragma omp parallel num_threads(threads_)
#pragma omp single
    {
#pragma omp taskgroup
      for (std::size_t i = 0; i < work.count(); ++i) {
#pragma omp task shared(work) firstprivate(i)
        work.run(i);
      }
    }
  }

 private:
  int threads_;
};

[[maybe_unused]] const bool added = add_contender<OpenMp>("openmp", {1, 2});

}  // namespace
}  // namespace jobs
