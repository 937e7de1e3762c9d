/// @file
/// OpenMP's parallel for with its dynamic schedule, tile by tile.
#include "raytracer/cases.hpp"

namespace raytrace {
namespace {

class OpenMp {
 public:
  explicit OpenMp(unsigned threads) : threads_(static_cast<int>(threads)) {}
  void render(Picture& picture) {
    const std::size_t count = picture.tile_count();
#pragma omp parallel for num_threads(threads_) schedule(dynamic)
    for (std::size_t i = 0; i < count; ++i) picture.render_tile(i);
  }

 private:
  int threads_;
};

[[maybe_unused]] const bool added = add_contender<OpenMp>("openmp", {1, 2});

}  // namespace
}  // namespace raytrace
