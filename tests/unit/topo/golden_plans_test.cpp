// The plans for the machines in machines/*.txt: what a file says below "plans:" is what has to come out, word by word.
#include <catch2/catch.hpp>
#include <weft/topo/pinning.hpp>

#include "topo/cpu_list.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using weft::PinningPlan;
using weft::PinningStrategy;
using weft::Topology;
namespace fs = std::filesystem;

namespace {

struct GoldenFile {
  unsigned workers = 0;  // 0: as many as there are allowed processors
  std::string machine;
  std::string plans;
};

GoldenFile read(const fs::path& path) {
  GoldenFile file;
  std::string* part = nullptr;
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    if (line.starts_with("workers: ")) {
      file.workers = static_cast<unsigned>(std::stoul(line.substr(9)));
    } else if (line == "machine:") {
      part = &file.machine;
    } else if (line == "plans:") {
      part = &file.plans;
    } else if (part != nullptr) {
      part->append(line.substr(std::min<std::size_t>(2, line.size()))).append("\n");
    }
  }
  return file;
}

std::string processors_of(const Topology& machine, const PinningPlan& plan) {
  std::vector<unsigned> numbers;
  for (const unsigned pu : plan.pus) numbers.push_back(machine.pus[pu].os_index);
  return weft::format_cpu_list(numbers);
}

std::string rings_of(const Topology& machine, const PinningPlan& plan, unsigned worker) {
  std::string text;
  for (const auto& ring : weft::steal_rings(machine, plan, worker)) {
    if (!text.empty()) text += " | ";
    text += weft::format_cpu_list(ring);
  }
  return text.empty() ? "nobody" : text;
}

/// All plans for a machine as the files have them.
std::string describe_plans(const Topology& machine, unsigned workers) {
  std::ostringstream text;
  for (const PinningStrategy strategy : {PinningStrategy::Linear, PinningStrategy::AvoidSMT, PinningStrategy::CCDIsolation}) {
    text << weft::name_of(strategy) << ": " << processors_of(machine, weft::plan_pinning(machine, strategy, workers)) << "\n";
  }
  const PinningPlan spillover = weft::plan_pinning(machine, PinningStrategy::TieredSpillover, workers);
  text << weft::name_of(spillover.strategy) << ":\n" << spillover.describe(machine);
  for (const PinningPlan::Tier& tier : spillover.tiers) {
    text << "worker " << tier.first << " steals from " << rings_of(machine, spillover, tier.first) << "\n";
  }
  return text.str();
}

std::string indented(const std::string& text) {
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) result.append("  ").append(line).append("\n");
  return result;
}

std::vector<fs::path> golden_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(WEFT_TEST_MACHINES)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("the plans for each machine are those in its file") {
  const std::vector<fs::path> files = golden_files();
  CHECK(files.size() >= 15);
  for (const fs::path& path : files) {
    const GoldenFile golden = read(path);
    const Topology machine = Topology::parse(golden.machine);
    const std::string plans = describe_plans(machine, golden.workers != 0 ? golden.workers : machine.allowed_pus());
    INFO(path.filename().string());
    CHECK(plans == golden.plans);
    // As it stands in a file: Catch would break long lines.
    if (plans != golden.plans) std::fprintf(stderr, "%s would say:\nplans:\n%s", path.c_str(), indented(plans).c_str());
    CHECK(Topology::parse(machine.describe()) == machine);
  }
}
