/// @file
/// Shows a machine, where each pinning strategy would put the workers, and what follows: the arenas and the order in which workers steal.
#include <weft/weft.hpp>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plan_text.hpp"
#include "program/command_line.hpp"
#include "program/counted.hpp"
#include "program/input_error.hpp"
#include "program/standard_streams.hpp"

namespace {

using program::counted;
using weft::PinningPlan;
using weft::PinningStrategy;
using weft::Topology;

struct Options {
  std::string synthetic;
  std::string description;
  std::string xml;
  unsigned workers = 0;
};

std::string text_of(const std::string& name) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(name.c_str(), "rb"), std::fclose);
  std::string text;
  char block[4096];
  for (std::size_t length = sizeof block; file != nullptr && length == sizeof block;) {
    length = std::fread(block, 1, sizeof block, file.get());
    text.append(block, length);
  }
  // A folder can be opened, and then not read.
  if (file == nullptr || std::ferror(file.get()) != 0) throw program::InputError(name, std::string("it cannot be read: ") + std::strerror(errno));
  return text;
}

/// What weft says about a mistake, as a message of this program about that option or file.
template <class Make>
Topology made_for(const std::string& what, Make make) {
  try {
    return make();
  } catch (const weft::UsageError& error) {
    const std::string_view words = error.what();
    constexpr std::string_view kBeginning = "weft: ";
    throw program::InputError(what, std::string(words.substr(words.starts_with(kBeginning) ? kBeginning.size() : 0)));
  }
}

Topology machine_for(const Options& options) {
  if (!options.synthetic.empty()) return made_for("--synthetic", [&] { return Topology::parse(options.synthetic); });
  if (!options.description.empty()) return made_for(options.description, [&] { return Topology::parse(text_of(options.description)); });
  if (!options.xml.empty()) return made_for("--xml", [&] { return Topology::from_xml(options.xml); });
  return Topology::detect();
}

std::string indented(const std::string& text) {
  std::string result;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    result.append("  ").append(text, begin, end - begin);
    begin = end;
  }
  return result;
}

void print_machine(const Topology& machine) {
  std::printf("Machine, from %s: %s, %s, %s, %s, %s, of which %u may be used\n%s", machine.source.c_str(),
              counted(machine.packages.size(), "package").c_str(), counted(machine.nodes.size(), "NUMA node").c_str(),
              counted(machine.l3s.size(), "L3 domain").c_str(), counted(machine.cores.size(), "core").c_str(),
              counted(machine.pus.size(), "processor").c_str(), machine.allowed_pus(), indented(machine.describe()).c_str());
}

void print_plan(const Topology& machine, PinningStrategy strategy, unsigned workers) {
  const PinningPlan plan = weft::plan_pinning(machine, strategy, workers);
  std::string text = plan.describe(machine);
  text += topology_sample::describe_arenas(machine, plan);
  text += topology_sample::describe_stealing(machine, plan);
  std::printf("%s\n%s", weft::name_of(strategy), indented(text).c_str());
}

void add_options(CLI::App& app, Options& options) {
  auto* const synthetic = app.add_option("--synthetic", options.synthetic, "A machine in one line: \"package:2 node:2 l3:3 core:8 pu:2 apart\"");
  auto* const description = app.add_option("--description", options.description, "A machine in a file, in the language of lib/topo/README.md");
  auto* const xml = app.add_option("--xml", options.xml, "A machine in a file that lstopo --of xml has written");
  synthetic->excludes(description)->excludes(xml);
  description->excludes(xml);
  app.add_option("--workers", options.workers, "Workers to plan for; 0: one for each allowed processor [0]")->check(CLI::Range(0U, 4096U));
  app.set_help_flag("-h,--help", "Print this and exit");
}

int show(const Options& options) {
  const Topology machine = machine_for(options);
  print_machine(machine);
  const unsigned workers = options.workers != 0 ? options.workers : machine.allowed_pus();
  std::printf("Plans for %s\n", counted(workers, "worker").c_str());
  for (const PinningStrategy strategy : {PinningStrategy::None, PinningStrategy::Linear, PinningStrategy::AvoidSMT,
                                         PinningStrategy::CCDIsolation, PinningStrategy::TieredSpillover}) {
    print_plan(machine, strategy, workers);
  }
  program::finish_standard_output();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return program::run_program("topology", [&] {
    Options options;
    CLI::App app{"Shows this machine or another, where each pinning strategy would put the workers, and from whom these steal."};
    app.name("topology");
    add_options(app, options);
    if (const std::optional<int> status = program::parse_command_line(app, argc, argv)) return *status;
    return show(options);
  });
}
