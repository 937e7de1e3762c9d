#include "support/memory.hpp"

#include <malloc.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace perf {
namespace {

/// Returns the KiB that a line of /proc/self/status names, or less than 0 if there is none.
double kib_of_status(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name, 0) == 0) return static_cast<double>(std::atoll(line.c_str() + name.size()));
  }
  return -1;
}

}  // namespace

PeakMemory::PeakMemory() {
  std::ofstream("/proc/self/clear_refs") << "5\n";  // VmHWM starts over from what is resident now
}

void PeakMemory::record(benchmark::State& state) const {
  if (const double kib = kib_of_status("VmHWM:"); kib >= 0) state.counters["peak_MB"] = kib / 1024.0;
}

MemoryUse MemoryUse::trimmed() {
  malloc_trim(0);
  return now();
}

MemoryUse MemoryUse::now() {
  MemoryUse use;
  use.resident_kib = kib_of_status("VmRSS:");
  std::ifstream file("/proc/self/maps");
  for (std::string line; std::getline(file, line);) ++use.mappings;
  return use;
}

}  // namespace perf
