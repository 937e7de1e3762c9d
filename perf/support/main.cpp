// The main function of every benchmark program: Google Benchmark's, with the machine and a calibration loop in the record.
#include <benchmark/benchmark.h>

#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace {

/// Returns how long one add takes that waits for the one before: what the processor gives at this moment.
double calibrate() {
  constexpr std::uint64_t kAdds = 20'000'000;
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    std::uint64_t x = 1;
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < kAdds; ++i) {
      x += i;
      asm volatile("" : "+r"(x));
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count() / static_cast<double>(kAdds));
  }
  return best;
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) ? line : "unknown";
}

std::string kernel() {
  utsname name{};
  return uname(&name) == 0 ? std::string(name.sysname) + ' ' + name.release + ' ' + name.machine : "unknown";
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;

  char calibration[32];
  std::snprintf(calibration, sizeof calibration, "%.3f", calibrate());
  benchmark::AddCustomContext("calibration_ns_per_add", calibration);
  benchmark::AddCustomContext("processor", processor());
  benchmark::AddCustomContext("kernel", kernel());
  benchmark::AddCustomContext("governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
  benchmark::AddCustomContext("build", WEFT_PERF_BUILD);

  const std::size_t run = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return run == 0 ? 3 : 0;  // 3: the filter left nothing, which perf/run tells apart
}
