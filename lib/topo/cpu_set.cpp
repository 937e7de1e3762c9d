#include "topo/cpu_set.hpp"

#include <sched.h>

#include <cerrno>

namespace weft::inline v0 {

CpuSet::CpuSet(const std::vector<unsigned>& cpus) {
  for (const unsigned cpu : cpus) {
    if (cpu / 64 >= words_.size()) words_.resize(cpu / 64 + 1);
    words_[cpu / 64] |= std::uint64_t{1} << cpu % 64;
  }
}

int CpuSet::bind_this_thread() const noexcept {
  const auto* const mask = reinterpret_cast<const cpu_set_t*>(words_.data());
  return ::sched_setaffinity(0, words_.size() * sizeof(std::uint64_t), mask) == 0 ? 0 : errno;
}

}  // namespace weft::inline v0
