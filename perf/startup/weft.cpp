/// @file
/// weft::Runtime.
#include <weft/weft.hpp>

#include <optional>

#include "startup/cases.hpp"

namespace startup {
namespace {

class Weft {
 public:
  void make(unsigned threads) { runtime_.emplace(weft::RuntimeOptions{.workers = threads}); }
  int one_job() {
    return runtime_->run([] { return 1; });
  }
  void jobs(unsigned count) {
    std::latch all(static_cast<std::ptrdiff_t>(count));
    weft::Counter unfinished;
    runtime_->spawn_batch(count, [&all](std::size_t) { return [&all] { all.arrive_and_wait(); }; }, unfinished);
    unfinished.wait();
  }
  void end() { runtime_.reset(); }

  weft::Runtime& runtime() { return *runtime_; }

 private:
  std::optional<weft::Runtime> runtime_;
};

/// As weft, but the first job is spawned, so that it waits for a thread to start.
class WeftSpawn : public Weft {
 public:
  int one_job() {
    int says = 0;
    weft::Counter unfinished;
    runtime().spawn([&says] { says = 1; }, unfinished);
    unfinished.wait();
    return says;
  }
};

[[maybe_unused]] const bool added =
    add_construct<Weft>("weft") &&
    add_first_job<Weft>("weft") &&
    add_all_at_work<Weft>("weft") &&
    add_life<Weft>("weft");
[[maybe_unused]] const bool added_spawn =
    add_first_job<WeftSpawn>("weft-spawn") && add_life<WeftSpawn>("weft-spawn");

}  // namespace
}  // namespace startup
