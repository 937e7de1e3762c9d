// A processor that is switched off while the program runs. Only a guest may do that.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "on_each_worker.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <vector>

using weft::PinningStrategy;
using weft::Runtime;
using weft::Topology;

namespace {

class SwitchedOff {
 public:
  explicit SwitchedOff(unsigned processor) : file_("/sys/devices/system/cpu/cpu" + std::to_string(processor) + "/online") { write("0"); }
  SwitchedOff(const SwitchedOff&) = delete;
  SwitchedOff& operator=(const SwitchedOff&) = delete;
  ~SwitchedOff() { write("1"); }

 private:
  void write(const char* state) const { std::ofstream(file_) << state; }

  std::string file_;
};

std::vector<unsigned> processors_of(const Topology& machine) {
  std::vector<unsigned> processors;
  for (const Topology::Pu& pu : machine.pus) processors.push_back(pu.os_index);
  std::sort(processors.begin(), processors.end());
  return processors;
}

std::set<unsigned> used_by(Runtime& rt) {
  std::set<unsigned> used;
  for (const auto& processor : weft_test::in_a_job_of_each_worker(rt, [](unsigned) { return ::sched_getcpu(); })) {
    if (processor) used.insert(static_cast<unsigned>(*processor));
  }
  return used;
}

/// While a processor of `before` is off, and the others are `left`.
void check_without(unsigned off, const std::vector<unsigned>& left, const Topology& before) {
  const SwitchedOff switched_off(off);
  const Topology now = Topology::detect();
  CHECK(now.offline == std::vector<unsigned>{off});
  CHECK(processors_of(now) == left);
  Runtime rt(weft_test::bound(PinningStrategy::AvoidSMT, 0));
  CHECK(used_by(rt) == std::set<unsigned>(left.begin(), left.end()));
  weft::RuntimeOptions too_many = weft_test::bound(PinningStrategy::AvoidSMT, 0);
  too_many.topology = before;
  CHECK_THROWS_AS(Runtime(too_many), weft::LimitError);
}

}  // namespace

TEST_CASE("a processor that is switched off gets no worker, and who plans for it is told") {
  const Topology before = Topology::detect();
  std::vector<unsigned> left = processors_of(before);
  const unsigned off = left.back();
  left.pop_back();
  check_without(off, left, before);
  CHECK(Topology::detect().describe() == before.describe());
}
