#include "report.hpp"

#include <chrono>
#include <cstdio>

namespace raytracer {
namespace {

double seconds(std::chrono::nanoseconds t) { return std::chrono::duration<double>(t).count(); }

/// Gives the share of the time between two snapshots in which workers had work.
double utilisation(const weft::RuntimeStats& before, const weft::RuntimeStats& after) {
  const double all = seconds(after.age - before.age) * static_cast<double>(after.workers.size());
  return all > 0.0 ? 1.0 - seconds(after.total().idle - before.total().idle) / all : 0.0;
}

unsigned long long difference(std::uint64_t before, std::uint64_t after) { return after - before; }

}  // namespace

void print_report(const Scene& scene, const Timings& timings, const RayCounts& counts,
                  const weft::RuntimeStats& before, const weft::RuntimeStats& after) {
  const double rays = static_cast<double>(counts.total());
  const weft::WorkerStats first = before.total();
  const weft::WorkerStats last = after.total();
  std::printf("scene              %zu triangles, %zu spheres, %zu textures\n",
              scene.geometry.triangles.size(), scene.geometry.spheres.size(),
              scene.textures.size());
  std::printf("load               %.1f ms\n", timings.load_seconds * 1e3);
  std::printf("BVH build          %.1f ms: %zu nodes, %zu packets, %.1f MiB\n",
              timings.bvh_seconds * 1e3, scene.bvh().node_count(), scene.bvh().packet_count(),
              static_cast<double>(scene.bvh().size_bytes()) / (1024.0 * 1024.0));
  std::printf("render             %.3f s\n", timings.render_seconds);
  std::printf("rays               %.1f million (%.2f a path), %.2f Mrays/s\n", rays * 1e-6,
              rays / static_cast<double>(counts.paths), rays * 1e-6 / timings.render_seconds);
  std::printf("workers            %zu, busy %.1f %% of the time\n", after.workers.size(),
              100.0 * utilisation(before, after));
  std::printf("jobs               %llu, %llu of them stolen; %llu races for a job lost\n",
              difference(first.jobs, last.jobs), difference(first.steals, last.steals),
              difference(first.steals_failed, last.steals_failed));
  std::printf("parks              %llu\n", difference(first.parks, last.parks));
}

}  // namespace raytracer
