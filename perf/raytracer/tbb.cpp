/// @file
/// oneTBB's parallel_for, tile by tile.
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#include "raytracer/cases.hpp"

namespace raytrace {
namespace {

class Tbb {
 public:
  explicit Tbb(unsigned threads) : arena_(static_cast<int>(threads)) {}
  void render(Picture& picture) {
    arena_.execute([&picture] {
      tbb::parallel_for(
          std::size_t{0}, picture.tile_count(), [&picture](std::size_t i) { picture.render_tile(i); },
          tbb::simple_partitioner());
    });
  }

 private:
  tbb::task_arena arena_;
};

[[maybe_unused]] const bool added = add_contender<Tbb>("tbb", {1, 2});

}  // namespace
}  // namespace raytrace
