/// @file
/// weft's plain jobs and Counter.
#include <weft/weft.hpp>

#include <algorithm>
#include <array>
#include <thread>

#include "jobs/contender.hpp"

namespace jobs {
namespace {

using weft::Counter;
using weft::Task;

constexpr auto kEmptyJob = [] { perf::Tally::count(); };

Task<> spawn_and_join(std::size_t count) {
  Counter unfinished;
  for (std::size_t i = 0; i < count; ++i) weft::spawn(kEmptyJob, unfinished);
  co_await unfinished;
}

Task<> join_batches(std::size_t count) {
  for (; count > 0; count -= std::min(count, kBatch)) {
    Counter unfinished;
    weft::spawn_batch(std::min(count, kBatch), [](std::size_t) { return kEmptyJob; }, unfinished);
    co_await unfinished;
  }
}

/// A thousand jobs with a counter each, then awaited one after another; and so on.
Task<> join_each(std::size_t count) {
  for (; count > 0; count -= std::min(count, kBatch)) {
    std::array<Counter, kBatch> unfinished;
    const std::size_t in_round = std::min(count, kBatch);
    for (std::size_t i = 0; i < in_round; ++i) weft::spawn(kEmptyJob, unfinished[i]);
    for (std::size_t i = 0; i < in_round; ++i) co_await unfinished[i];
  }
}

Task<> join_one_by_one(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    Counter unfinished;
    weft::spawn(kEmptyJob, unfinished);
    co_await unfinished;
  }
}

Task<> run_imbalanced(Imbalanced& work) {
  Counter unfinished;
  for (std::size_t i = 0; i < work.count(); ++i) weft::spawn([&work, i] { work.run(i); }, unfinished);
  co_await unfinished;
}

class Weft {
 public:
  explicit Weft(unsigned threads) : runtime_({.workers = threads}) {}

  void join_inside(std::size_t count) { runtime_.run(spawn_and_join(count)); }
  void join_outside(std::size_t count) {
    Counter unfinished;
    for (std::size_t i = 0; i < count; ++i) runtime_.spawn(kEmptyJob, unfinished);
    unfinished.wait();
  }
  void batches(std::size_t count) { runtime_.run(join_batches(count)); }
  void detached(std::size_t count) {
    const std::uint64_t end = perf::Tally::total() + count;
    runtime_.run([count] {
      for (std::size_t i = 0; i < count; ++i) weft::spawn_detached(kEmptyJob);
    });
    while (perf::Tally::total() != end) std::this_thread::yield();  // nobody else can tell
  }
  void counter_each(std::size_t count) { runtime_.run(join_each(count)); }
  void one_by_one(std::size_t count) { runtime_.run(join_one_by_one(count)); }
  void imbalanced(Imbalanced& work) { runtime_.run(run_imbalanced(work)); }

 private:
  weft::Runtime runtime_;
};

[[maybe_unused]] const bool added = add_contender<Weft>("weft", {1, 2});

}  // namespace
}  // namespace jobs
