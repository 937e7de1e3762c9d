/// @file
/// A load that rises and falls: tiers that open and close, against all workers always open.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>

#include <weft/weft.hpp>

#include "load_run.hpp"
#include "machine.hpp"
#include "options.hpp"
#include "picture.hpp"
#include "program/command_line.hpp"
#include "program/counted.hpp"
#include "program/input_error.hpp"
#include "program/interrupt_watch.hpp"
#include "program/output_file.hpp"
#include "program/standard_streams.hpp"
#include "report.hpp"
#include "view.hpp"
#include "words.hpp"

namespace spillover {

using program::counted;

namespace {

/// For a program that ends this moment.
void clean_up() {
  restore_cursor();
  program::remove_unfinished_files();
}

/// What the processors can do that there are: less if others use them too.
struct Capacity {
  double rounds_per_second;
  double processors;
};

Capacity measure_capacity(double processors) {
  const Speed speed = measure_speed(std::max(static_cast<unsigned>(processors), 1U));
  // What is missing from an idle machine is chance, and the schedule should be the same next time.
  constexpr double kAlmostAll = 0.9;
  return {speed.rounds_per_second, processors * (speed.share < kAlmostAll ? speed.share : 1.0)};
}

Load make_load(const Options& options, const Capacity& capacity) {
  const LoadProfile profile(options.seconds, options.least, options.peak);
  const double job_seconds = std::chrono::duration<double>(options.job).count();
  const double rate = capacity.processors / job_seconds;
  constexpr double kMostJobs = 20e6;
  if (rate * profile.seconds() * std::max(options.least, options.peak) > kMostJobs) {
    throw program::InputError("--seconds",
                              "so many jobs would fill the memory: take longer jobs, "
                              "a shorter time or a lower load");
  }
  return {profile, rate, make_schedule(profile, rate, options.seed),
          Work(static_cast<std::uint64_t>(capacity.rounds_per_second * job_seconds) + 1)};
}

RunPlan tiered_plan(bool is_traced) {
  RunPlan plan;
  plan.name = "tiered";
  plan.options.pinning = weft::PinningStrategy::TieredSpillover;
  plan.is_traced = is_traced;
  return plan;
}

RunPlan all_open_plan() {
  RunPlan plan;
  plan.name = "all open";
  plan.options.pinning = weft::PinningStrategy::AvoidSMT;
  return plan;
}

RunRecord run_shown(const Options& options, const Machine& machine, const FrameContext& context,
                    RunPlan plan, const std::stop_token& stop) {
  plan.options.workers = machine.workers;
  plan.options.topology = machine.topology;
  // A processor that the kernel refuses is no reason to show nothing.
  plan.options.pinning_best_effort = true;
  const ViewStyle style = options.is_quiet ? ViewStyle::Silent : choose_view_style();
  View view(style, context);
  const auto show = [&view](const Moment& moment) { view.show(moment); };
  RunRecord run = run_load(context.load, plan, stop, show);
  if (run.wrong_results > 0) {
    throw std::runtime_error(formatted("%llu jobs gave a wrong result",
                                       static_cast<unsigned long long>(run.wrong_results)));
  }
  return run;
}

void write_file(const std::string& name, const std::string& text) {
  program::OutputFile file(name);
  file.write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  file.commit();
}

/// Gives the names of the files that were written.
std::string write_files(const Options& options, const std::string& svg, const RunRecord& tiered) {
  write_file(options.output, svg);
  if (!tiered.trace) return options.output;
  std::ostringstream json;
  weft::write_chrome_json(json, *tiered.trace);
  write_file(options.trace, json.str());
  return options.output + " and " + options.trace;
}

/// The same for two names of one file, whether it is there or not: a name that is relative, and nothing of which is there,
/// stays as it is unless it is made absolute first.
std::filesystem::path place_of(const std::string& name) {
  return std::filesystem::weakly_canonical(std::filesystem::absolute(name));
}

/// Before anything runs: all that would keep a file from being written at the end.
void check_files(const Options& options) {
  program::check_writable(options.output);
  if (options.trace.empty()) return;
  program::check_writable(options.trace);
  if (place_of(options.trace) == place_of(options.output)) {
    throw program::InputError("--trace", "it is the file of the picture");
  }
}

int run(const Options& options) {
  const program::InterruptWatch interrupts(clean_up);
  check_files(options);
  const Machine machine = choose_machine(options.synthetic, options.workers);
  const Capacity capacity = measure_capacity(machine.processors);
  const Load load = make_load(options, capacity);
  if (!options.is_quiet) {
    if (capacity.processors < machine.processors) {
      std::fprintf(stderr,
                   "spillover: %s give what %.1f would that have nothing else to do; the load is "
                   "a share of that\n",
                   counted(static_cast<std::size_t>(machine.processors), "processor").c_str(),
                   capacity.processors);
    }
    std::fprintf(stderr, "spillover: %s of %lld us on %s, twice. %s\n",
                 counted(load.schedule.size(), "job").c_str(),
                 static_cast<long long>(options.job.count()),
                 counted(machine.workers, "worker").c_str(), machine.remark.c_str());
  }

  Outcome outcome;
  FrameContext context{load, capacity.processors, nullptr};
  outcome.all_open =
      run_shown(options, machine, context, all_open_plan(), interrupts.stop_token());
  if (interrupts.caught() != 0) return 128 + interrupts.caught();
  context.other = &outcome.all_open;
  outcome.tiered = run_shown(options, machine, context, tiered_plan(!options.trace.empty()),
                             interrupts.stop_token());
  if (interrupts.caught() != 0) return 128 + interrupts.caught();

  const std::string svg =
      draw_svg(chart_of(load, capacity.processors, outcome, machine.remark));
  const std::string written = write_files(options, svg, outcome.tiered);
  std::fputs(describe_outcome(load, outcome).c_str(), stdout);
  program::finish_standard_output();
  if (!options.is_quiet) std::fprintf(stderr, "spillover: wrote %s\n", written.c_str());
  return 0;
}

}  // namespace
}  // namespace spillover

int main(int argc, char** argv) {
  using namespace spillover;
  return program::run_program("spillover", [&] {
    const ParsedOptions parsed = parse_options(argc, argv);
    return parsed.exit_status ? *parsed.exit_status : run(parsed.options);
  });
}
