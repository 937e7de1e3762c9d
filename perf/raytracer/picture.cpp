#include "bvh_builder.hpp"
#include "raytracer/cases.hpp"

namespace raytrace {
namespace {

int width() { return perf::size(320, 32); }
int height() { return perf::size(180, 18); }

}  // namespace

Picture::Picture()
    : setup_(raytracer::make_builtin_setup()),
      camera_(setup_.camera, width(), height()),
      film_(width(), height()),
      tiles_(raytracer::cut_into_tiles(width(), height())),
      counts_(tiles_.size()) {
  setup_.scene.set_bvh(raytracer::build_bvh_serially(setup_.scene.geometry));
  settings_.samples = perf::size(16U, 4U);
}

std::uint64_t Picture::rays() const {
  raytracer::RayCounts sum;
  for (const raytracer::RayCounts& count : counts_) sum += count;
  return sum.total();
}

void Picture::clear() {
  film_ = raytracer::Film(width(), height());
  counts_.assign(counts_.size(), {});
}

std::uint64_t Picture::serial_hash() {
  Picture picture;
  for (std::size_t i = 0; i < picture.tile_count(); ++i) picture.render_tile(i);
  return picture.film_.hash();
}

void Picture::verify() const {
  static const std::uint64_t expected = serial_hash();
  perf::verify(film_.hash() == expected, "the pictures differ");
}

}  // namespace raytrace
