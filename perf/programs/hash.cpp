// samples/file_tree_hash beside two sha256sum at a time, over the same files: the time of the whole program.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "programs/child.hpp"
#include "programs/program_paths.hpp"
#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace programs {
namespace {

/// As many files as headers of a system, of their sizes: most are small, and some are not.
class Tree {
 public:
  Tree() {
    const int files = perf::size(6000, 30);
    std::uint32_t state = 1;
    const auto next = [&state] { return state = state * 1664525 + 1013904223; };
    for (int i = 0; i < files; ++i) {
      const std::string folder = path() + "/folder_" + std::to_string(i / 50);
      std::filesystem::create_directories(folder);
      const std::size_t size = i % 500 == 0 ? 4'000'000 : next() >> 17;
      std::string content(size, '\0');
      for (char& byte : content) byte = static_cast<char>(next() >> 24);
      std::ofstream(folder + "/file_" + std::to_string(i), std::ios::binary) << content;
    }
  }
  [[nodiscard]] std::string path() const { return folder_.path("tree"); }
  [[nodiscard]] std::string output(const std::string& of) const { return folder_.path(of); }

 private:
  Folder folder_;
};

const Tree& tree() {
  static const Tree made;
  return made;
}

std::string sorted(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line + '\n';
  return all;
}

const std::string& expected() {
  static const std::string sums = [] {
    const std::string output = tree().output("expected");
    Child({"/bin/sh", "-c", "find " + tree().path() + " -type f -exec sha256sum {} +"}, output).wait();
    return sorted(content_of(output));
  }();
  return sums;
}

using Command = std::vector<std::string> (*)(const std::string& folder);

void run(benchmark::State& state, Command command) {
  const std::vector<std::string> words = command(tree().path());
  perf::verify(!expected().empty(), "sha256sum prints something");
  const std::string output = tree().output("sums");
  double cpu = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    cpu += Child(words, output).wait();
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    perf::verify(sorted(content_of(output)) == expected(), "all sums are right");
  }
  state.counters["cpu_ms"] = cpu * 1e3 / static_cast<double>(state.iterations());
}

void add(const std::string& contender, Command command) {
  perf::add("sha256-of-files", contender, 2, [command](benchmark::State& state) { run(state, command); })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

[[maybe_unused]] const bool is_added = [] {
  using Words = std::vector<std::string>;
  if (!find_program("sha256sum") || !find_program("xargs")) return false;
  add("xargs", [](const std::string& folder) { return Words{"/bin/sh", "-c", "find " + folder + " -type f -print0 | xargs -0 -P2 -n 64 sha256sum"}; });
  add("weft", [](const std::string& folder) { return Words{WEFT_PERF_FILE_TREE_HASH, "--workers", "2", folder}; });
  add("weft-epoll", [](const std::string& folder) { return Words{WEFT_PERF_FILE_TREE_HASH, "--workers", "2", "--io-backend", "epoll", folder}; });
  return true;
}();

}  // namespace
}  // namespace programs
