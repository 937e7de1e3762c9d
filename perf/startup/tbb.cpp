/// @file
/// oneTBB: an arena; its threads belong to the process and are ended by finalize().
#define TBB_PREVIEW_WAITING_FOR_WORKERS 1
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <optional>

#include "startup/cases.hpp"

namespace startup {
namespace {

class Tbb {
 public:
  void make(unsigned threads) {
    handle_ = tbb::task_scheduler_handle{tbb::attach{}};
    limit_.emplace(tbb::global_control::max_allowed_parallelism, threads);
    arena_.emplace(static_cast<int>(threads));
    arena_->initialize();
  }
  int one_job() {
    return arena_->execute([] {
      int says = 0;
      tbb::task_group group;
      group.run_and_wait([&says] { says = 1; });
      return says;
    });
  }
  void jobs(unsigned count) {
    arena_->execute([count] {
      std::latch all(static_cast<std::ptrdiff_t>(count));
      tbb::task_group group;
      for (unsigned i = 0; i < count; ++i) group.run([&all] { all.arrive_and_wait(); });
      group.wait();
    });
  }
  void end() {
    if (!arena_) return;
    arena_.reset();
    limit_.reset();
    static_cast<void>(tbb::finalize(handle_, std::nothrow));
  }

 private:
  tbb::task_scheduler_handle handle_;
  std::optional<tbb::global_control> limit_;
  std::optional<tbb::task_arena> arena_;
};

[[maybe_unused]] const bool added =
    add_construct<Tbb>("tbb") &&
    add_first_job<Tbb>("tbb") &&
    add_all_at_work<Tbb>("tbb") &&
    add_life<Tbb>("tbb");

}  // namespace
}  // namespace startup
