#include "render.hpp"

#include <vector>

namespace raytracer {
namespace {

/// What all tiles of a picture share.
struct Frame {
  const Scene& scene;
  const Camera& camera;
  const RenderSettings& settings;
  Film& film;
  Progress& progress;
};

weft::Task<> render_one(const Frame& frame, Tile tile, RayCounts& counts) {
  counts = render_tile(frame.scene, frame.camera, frame.settings, tile, frame.film);
  frame.progress.add(tile.pixel_count(), counts.total());
  co_return;
}

}  // namespace

weft::Task<RayCounts> render(const Scene& scene, const Camera& camera,
                             const RenderSettings& settings, Film& film, Progress& progress) {
  const Frame frame{scene, camera, settings, film, progress};
  const std::vector<Tile> tiles = cut_into_tiles(film.width(), film.height());
  std::vector<RayCounts> counts(tiles.size());
  weft::Counter unfinished;
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    weft::spawn(render_one(frame, tiles[i], counts[i]), unfinished);
  }
  co_await unfinished;
  RayCounts sum;
  for (const RayCounts& tile : counts) sum += tile;
  co_return sum;
}

}  // namespace raytracer
