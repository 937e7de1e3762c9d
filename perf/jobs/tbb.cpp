/// @file
/// oneTBB's task_group.
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <array>

#include "jobs/contender.hpp"

namespace jobs {
namespace {

constexpr auto kEmptyJob = [] { perf::Tally::count(); };

class Tbb {
 public:
  explicit Tbb(unsigned threads) : arena_(static_cast<int>(threads)) {}

  void join_inside(std::size_t count) {
    arena_.execute([count] { spawn_and_join(count); });
  }
  void join_outside(std::size_t count) {
    tbb::task_group group;
    for (std::size_t i = 0; i < count; ++i) arena_.enqueue(group.defer(kEmptyJob));
    arena_.execute([&group] { group.wait(); });
  }
  void batches(std::size_t count) {
    arena_.execute([count]() mutable {
      for (; count > 0; count -= std::min(count, kBatch)) spawn_and_join(std::min(count, kBatch));
    });
  }
  void counter_each(std::size_t count) {
    arena_.execute([count]() mutable {
      for (; count > 0; count -= std::min(count, kBatch)) {
        std::array<tbb::task_group, kBatch> groups;
        const std::size_t in_round = std::min(count, kBatch);
        for (std::size_t i = 0; i < in_round; ++i) groups[i].run(kEmptyJob);
        for (tbb::task_group& group : groups) group.wait();
      }
    });
  }
  void one_by_one(std::size_t count) {
    arena_.execute([count] {
      for (std::size_t i = 0; i < count; ++i) spawn_and_join(1);
    });
  }
  void imbalanced(Imbalanced& work) {
    arena_.execute([&work] {
      tbb::task_group group;
      for (std::size_t i = 0; i < work.count(); ++i) group.run([&work, i] { work.run(i); });
      group.wait();
    });
  }

 private:
  static void spawn_and_join(std::size_t count) {
    tbb::task_group group;
    for (std::size_t i = 0; i < count; ++i) group.run(kEmptyJob);
    group.wait();
  }

  tbb::task_arena arena_;
};

[[maybe_unused]] const bool added = add_contender<Tbb>("tbb", {1, 2});

}  // namespace
}  // namespace jobs
