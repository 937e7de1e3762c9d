/// @file
/// oneTBB.
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <cstddef>
#include <latch>

#include "idle/cases.hpp"

namespace idle {
namespace {

class Tbb {
 public:
  explicit Tbb(unsigned threads)
      : limit_(tbb::global_control::max_allowed_parallelism, threads), arena_(static_cast<int>(threads)) {}
  void work(unsigned threads) {
    arena_.execute([threads] {
      std::latch all(static_cast<std::ptrdiff_t>(threads));
      tbb::task_group group;
      for (unsigned i = 0; i < threads; ++i) group.run([&all] { all.arrive_and_wait(); });
      group.wait();
    });
  }

 private:
  tbb::global_control limit_;
  tbb::task_arena arena_;
};

[[maybe_unused]] const bool added = add_contender<Tbb>("tbb", kAnything);

}  // namespace
}  // namespace idle
