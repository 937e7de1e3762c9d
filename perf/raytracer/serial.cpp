/// @file
/// One tile after another.
#include "raytracer/cases.hpp"

namespace raytrace {
namespace {

class Serial {
 public:
  explicit Serial(unsigned) {}
  void render(Picture& picture) {
    for (std::size_t i = 0; i < picture.tile_count(); ++i) picture.render_tile(i);
  }
};

[[maybe_unused]] const bool added = add_contender<Serial>("serial", {1});

}  // namespace
}  // namespace raytrace
