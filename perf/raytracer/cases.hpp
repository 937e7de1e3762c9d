/// @file
/// The ray tracer's kernel under several schedulers: the tiles of the built-in scene, as jobs of their own.
///
/// The tree of the scene is built once, serially, before the clock starts. Every picture must have the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "camera.hpp"
#include "integrator.hpp"
#include "setup.hpp"
#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace raytrace {

/// A scene, a camera and a film, cut into tiles.
class Picture {
 public:
  Picture();

  [[nodiscard]] std::size_t tile_count() const { return tiles_.size(); }
  /// Threads: any number for different tiles.
  void render_tile(std::size_t tile) {
    counts_[tile] = raytracer::render_tile(setup_.scene, camera_, settings_, tiles_[tile], film_);
  }
  /// The rays of all tiles together.
  [[nodiscard]] std::uint64_t rays() const;
  void clear();
  /// Compares the picture with the one that comes of rendering one tile after another.
  void verify() const;

 private:
  static std::uint64_t serial_hash();

  raytracer::Setup setup_;
  raytracer::Camera camera_;
  raytracer::RenderSettings settings_;
  raytracer::Film film_;
  std::vector<raytracer::Tile> tiles_;
  std::vector<raytracer::RayCounts> counts_;
};

/// `Contender(threads)` is made first; render(picture) renders all tiles.
template <class Contender>
bool add_contender(const std::string& name, std::initializer_list<unsigned> threads) {
  for (const unsigned count : threads) {
    perf::add_case("builtin", name, count, [count](benchmark::State& state) {
      Picture picture;
      Contender contender(count);
      std::uint64_t rays = 0;
      for (auto _ : state) {
        contender.render(picture);
        rays += picture.rays();
        state.PauseTiming();
        picture.verify();
        picture.clear();
        state.ResumeTiming();
      }
      state.counters["Mrays"] = benchmark::Counter(static_cast<double>(rays) * 1e-6, benchmark::Counter::kIsRate);
    });
  }
  return true;
}

}  // namespace raytrace
