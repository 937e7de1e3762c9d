/// @file
/// A path tracer: the tree by fork and join, the tiles as counted tasks.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <weft/weft.hpp>

#include "options.hpp"
#include "parallel_bvh.hpp"
#include "png_file.hpp"
#include "program/command_line.hpp"
#include "program/input_error.hpp"
#include "program/interrupt_watch.hpp"
#include "program/output_file.hpp"
#include "program/standard_streams.hpp"
#include "progress.hpp"
#include "render.hpp"
#include "report.hpp"
#include "scene_from_options.hpp"

namespace raytracer {
namespace {

class StopWatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Looks at the output before the work that would be lost.
void check_output(const Options& options) {
  std::error_code error;
  if (!options.scene.empty() && std::filesystem::equivalent(options.scene, options.output, error)) {
    throw program::InputError(options.output, "it is the scene, which the picture would replace");
  }
  program::check_writable(options.output);
}

void print_results(const Options& options, const Film& film, const Image& image,
                   const Timings& timings, const RayCounts& counts) {
  if (options.print_hash) {
    std::printf("hash               %016llx\n", static_cast<unsigned long long>(film.hash()));
  }
  program::finish_standard_output();
  if (options.is_quiet) return;
  std::fprintf(stderr, "raytracer: wrote %s, %dx%d, in %s at %.2f Mrays/s\n",
               options.output.c_str(), image.width, image.height,
               describe_duration(timings.render_seconds).c_str(),
               static_cast<double>(counts.total()) * 1e-6 / timings.render_seconds);
}

/// Writes the bytes into a file that is there.
///
/// It is not created, since a second signal may just have removed it: that it appears whole or not
/// at all, and that nothing is left behind, is what program::OutputFile sees to.
weft::Task<> write_over(std::string path, std::span<const std::byte> bytes) {
  weft::io::File file =
      co_await weft::io::File::open(std::move(path), {.access = weft::io::Access::Write});
  co_await file.write_all_at(bytes, 0);
  co_await file.close();
}

/// A shell reports a program that a signal ended with this status.
int interrupted_status(const program::InterruptWatch& interrupts) {
  return 128 + interrupts.caught();
}

int run(const Options& options) {
  const program::InterruptWatch interrupts(program::remove_unfinished_files);
  check_output(options);
  weft::Runtime runtime{{.workers = options.threads}};
  Timings timings;
  const StopWatch load;
  LoadedSetup loaded = runtime.run(load_setup(options));
  Setup& setup = loaded.setup;
  timings.load_seconds = load.seconds();
  if (!options.is_quiet) {
    for (const std::string& warning : loaded.warnings) {
      std::fprintf(stderr, "raytracer: warning: %s\n", warning.c_str());
    }
  }
  if (interrupts.caught() != 0) return interrupted_status(interrupts);

  const weft::RuntimeStats before = runtime.stats();
  const StopWatch build;
  setup.scene.set_bvh(runtime.run(build_bvh(setup.scene.geometry)));
  timings.bvh_seconds = build.seconds();

  RenderSettings settings = options.render;
  settings.stop = interrupts.stop_token();
  const Camera camera(setup.camera, options.width, options.height);
  Film film(options.width, options.height);
  Progress progress(std::int64_t{options.width} * options.height,
                    options.is_quiet ? ProgressStyle::Silent : choose_progress_style());
  progress.start();
  const StopWatch rendering;
  const RayCounts counts = runtime.run(render(setup.scene, camera, settings, film, progress));
  timings.render_seconds = rendering.seconds();
  progress.stop();
  if (interrupts.caught() != 0) return interrupted_status(interrupts);

  const Image image = develop(film, options.exposure);
  const std::vector<std::uint8_t> png = encode_png(image);
  program::OutputFile file(options.output);
  try {
    runtime.run(write_over(file.temporary().string(), std::as_bytes(std::span(png))));
  } catch (const std::system_error& error) {
    throw program::InputError(options.output, "writing it failed: " + error.code().message());
  }
  if (interrupts.caught() != 0) return interrupted_status(interrupts);
  file.commit();
  if (options.print_stats) {
    print_report(setup.scene, timings, counts, before, runtime.stats());
  }
  print_results(options, film, image, timings, counts);
  return 0;
}

}  // namespace
}  // namespace raytracer

int main(int argc, char** argv) {
  using namespace raytracer;
  return program::run_program("raytracer", [&] {
    const ParsedOptions parsed = parse_options(argc, argv);
    return parsed.exit_status ? *parsed.exit_status : run(parsed.options);
  });
}
