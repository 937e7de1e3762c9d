/// @file
/// OpenMP: a team, ended by a hard pause.
#include <omp.h>

#include "startup/cases.hpp"

namespace startup {
namespace {

class OpenMp {
 public:
  void make(unsigned threads) { threads_ = static_cast<int>(threads); }
  int one_job() {
    int says = 0;
#pragma omp parallel num_threads(threads_) shared(says)
#pragma omp single
    says = 1;
    return says;
  }
  void jobs(unsigned count) {
    std::latch all(static_cast<std::ptrdiff_t>(count));
#pragma omp parallel num_threads(threads_) shared(all)
    all.arrive_and_wait();
  }
  void end() { omp_pause_resource_all(omp_pause_hard); }

 private:
  int threads_ = 0;
};

[[maybe_unused]] const bool added =
    add_first_job<OpenMp>("openmp") &&
    add_all_at_work<OpenMp>("openmp") &&
    add_life<OpenMp>("openmp");

}  // namespace
}  // namespace startup
