/// @file
/// weft's FrameArena, on a worker, through std::pmr, and from a thread that is no worker; and jobs that live in it.
#include <weft/weft.hpp>

#include <memory_resource>

#include "frame_arena/cases.hpp"
#include "support/tally.hpp"

namespace frame_arena {
namespace {

using weft::Counter;
using weft::FrameArena;
using weft::Runtime;
using weft::SpawnOptions;
using weft::Task;

void blocks(benchmark::State& state, Runtime& rt) {
  FrameArena& arena = rt.frame();
  measure_blocks(state, [&arena] { return arena.allocate(sizeof(Node)); }, [&rt](Chain& /*chain*/) { rt.next_frame(); });
}

[[maybe_unused]] const bool on_worker = add_operation("block_32", "weft", [](benchmark::State& state) {
  Runtime rt{{.workers = 1}};
  rt.run([&] { blocks(state, rt); });
});

[[maybe_unused]] const bool through_pmr = add_operation("block_32", "weft-pmr", [](benchmark::State& state) {
  Runtime rt{{.workers = 1}};
  std::pmr::memory_resource* resource = &rt.frame();
  benchmark::DoNotOptimize(resource);  // or the compiler would know which one it is
  rt.run([&] {
    measure_blocks(state, [resource] { return resource->allocate(sizeof(Node)); }, [&rt](Chain& /*chain*/) { rt.next_frame(); });
  });
});

[[maybe_unused]] const bool from_outside = add_operation("block_32", "weft-outside", [](benchmark::State& state) {
  Runtime rt{{.workers = 1}};
  blocks(state, rt);
});

void jobs(benchmark::State& state, const SpawnOptions& options) {
  Runtime rt{{.workers = 1}};
  const std::size_t frames = perf::size<std::size_t>(1000, 2);
  const std::size_t count = frames * kJobs;
  const auto all = [&] {
    const std::uint64_t before = perf::Tally::total();
    for (std::size_t frame = 0; frame < frames; ++frame) {
      rt.run([&options]() -> Task<> {
        Counter done;
        for (std::size_t i = 0; i < kJobs; ++i) weft::spawn([] { perf::Tally::count(); }, done, options);
        co_await done;
      });
      rt.next_frame();
    }
    perf::verify(perf::Tally::total() - before == count, "number of jobs");
  };
  all();
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) all();
}

[[maybe_unused]] const bool frame_jobs = add_operation("frame_job", "weft", [](benchmark::State& state) { jobs(state, {.frame = true}); });
[[maybe_unused]] const bool plain_jobs = add_operation("frame_job", "weft-plain", [](benchmark::State& state) { jobs(state, {}); });

}  // namespace
}  // namespace frame_arena
