/// @file
/// weft, which must stay below 1 %.
#include <weft/weft.hpp>

#include <cstddef>
#include <latch>

#include "idle/cases.hpp"

namespace idle {
namespace {

class Weft {
 public:
  explicit Weft(unsigned threads) : runtime_({.workers = threads}) {}
  void work(unsigned threads) {
    std::latch all(static_cast<std::ptrdiff_t>(threads));
    weft::Counter unfinished;
    runtime_.spawn_batch(threads, [&all](std::size_t) { return [&all] { all.arrive_and_wait(); }; }, unfinished);
    unfinished.wait();
  }

 private:
  weft::Runtime runtime_;
};

[[maybe_unused]] const bool added = add_contender<Weft>("weft", 0.01);

}  // namespace
}  // namespace idle
