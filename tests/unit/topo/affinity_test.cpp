#include <catch2/catch.hpp>
#include <weft/rt/runtime.hpp>
#include <weft/topo/available_cpus.hpp>

#include "support/subprocess.hpp"

#include <sched.h>

#include <algorithm>

using weft::CpuLimits;

namespace {

unsigned cpus_in_mask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  REQUIRE(::sched_getaffinity(0, sizeof mask, &mask) == 0);
  return static_cast<unsigned>(CPU_COUNT(&mask));
}

/// Restricts the process to the first processor that it may use.
bool take_first_cpu_only() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof mask, &mask) != 0) return false;
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &mask)) continue;
    CPU_SET(cpu, &one);
    return ::sched_setaffinity(0, sizeof one, &one) == 0;
  }
  return false;
}

}  // namespace

TEST_CASE("the affinity mask of the process is honoured") {
  CHECK(weft::cpu_limits().in_affinity_mask == cpus_in_mask());
  const weft_test::Ended ended = weft_test::in_child([] {
    if (!take_first_cpu_only()) return 50;
    if (weft::cpu_limits().in_affinity_mask != 1) return 1;
    const weft::Runtime rt;
    return rt.worker_count() == 1 ? 0 : 2;
  });
  CHECK(ended.signal == 0);
  CHECK(ended.status == 0);
}

TEST_CASE("a runtime without a number of workers takes what the limits allow") {
  const weft::Runtime rt;
  CHECK(rt.worker_count() == weft::cpu_limits().workers());
  CHECK(rt.worker_count() <= cpus_in_mask());
}

TEST_CASE("the workers that make sense are the mask, cut to the quota rounded up") {
  const auto workers = [](unsigned mask, double quota) {
    CpuLimits limits;
    limits.in_affinity_mask = mask;
    limits.quota = quota;
    return limits.workers();
  };
  CHECK(workers(8, 0) == 8);
  CHECK(workers(8, 2.0) == 2);
  CHECK(workers(8, 1.5) == 2);
  CHECK(workers(8, 0.1) == 1);
  CHECK(workers(2, 64.0) == 2);
  CHECK(workers(0, 0) == 1);
  CHECK(workers(4, 1e300) == 4);
  CHECK(workers(8, 3.0000000001) == 3);  // 300000 / 100000 in floating point
}
