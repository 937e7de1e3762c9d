/// @file
/// weft: a counted task for each tile, as samples/raytracer does it.
#include <weft/weft.hpp>

#include "raytracer/cases.hpp"

namespace raytrace {
namespace {

using weft::Task;

Task<> render_tile(Picture& picture, std::size_t tile) {
  picture.render_tile(tile);
  co_return;
}

Task<> render_tiles(Picture& picture) {
  weft::Counter unfinished;
  for (std::size_t i = 0; i < picture.tile_count(); ++i) weft::spawn(render_tile(picture, i), unfinished);
  co_await unfinished;
}

class Weft {
 public:
  explicit Weft(unsigned threads) : runtime_({.workers = threads}) {}
  void render(Picture& picture) { runtime_.run(render_tiles(picture)); }

 private:
  weft::Runtime runtime_;
};

[[maybe_unused]] const bool added = add_contender<Weft>("weft", {1, 2});

}  // namespace
}  // namespace raytrace
