/// @file
/// Runs the scenarios of one model: a number of random interleavings, then all of them with few preemptions.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "support/relacy_policy.hpp"

namespace model {

struct Options {
  std::uint64_t random = 0;  ///< interleavings of each scenario; 0: what the scenario asks for
  std::uint64_t seed = 0;    ///< of the random ones
  int bound = -1;            ///< preemptions in the exhaustive part; -1: what the scenario asks for
  bool is_long = false;      ///< the figures of the long suite: --long, or WEFT_LONG=1 in the environment
  bool is_list = false;
  std::string scenario;  ///< only those with this word in their name
};

/// What one scenario does by default, and in the long run.
struct Effort {
  std::uint64_t random;
  int bound;
  std::uint64_t random_long;
  int bound_long;
};

class Explorer {
 public:
  Explorer(int argc, char** argv) : arguments_(argv, argv + argc) {
    const char* const wants_long = std::getenv("WEFT_LONG");
    options_.is_long = wants_long != nullptr && wants_long[0] == '1';
    for (std::size_t i = 1; i < arguments_.size(); ++i) {
      const std::string& option = arguments_[i];
      if (option == "--random") {
        options_.random = number(++i);
      } else if (option == "--seed") {
        options_.seed = number(++i);
      } else if (option == "--bound") {
        options_.bound = static_cast<int>(number(++i));
      } else if (option == "--long") {
        options_.is_long = true;
      } else if (option == "--list") {
        options_.is_list = true;
      } else if (option == "--scenario" && i + 1 < arguments_.size()) {
        options_.scenario = arguments_[++i];
      } else {
        usage();
      }
    }
  }

  /// Runs one scenario; after a failure prints its history, thread by thread, and remembers it.
  template <class Scenario>
  void run(const char* name, Effort effort) {
    if (std::string(name).find(options_.scenario) == std::string::npos) return;
    if (options_.is_list) {
      std::cout << name << '\n';
      return;
    }
    std::uint64_t random = options_.is_long ? effort.random_long : effort.random;
    if (options_.random != 0) random = options_.random;
    int bound = options_.is_long ? effort.bound_long : effort.bound;
    if (options_.bound >= 0) bound = options_.bound;

    rl::test_params params;
    params.search_type = rl::sched_random;
    // relacy seeds a run with its number: the upper half selects the generator, the lower half the start.
    const std::uint64_t first = (options_.seed & 0xff) << 32 | 1;
    params.initial_state = rl::string(std::to_string(first).c_str());
    params.iteration_count = first + random - 1;
    simulate<Scenario>(params, name, "random", first);

    if (bound == 0) return;
    rl::test_params bounded;
    bounded.search_type = rl::sched_bound;
    bounded.context_bound = static_cast<unsigned>(bound);
    simulate<Scenario>(bounded, name, ("bound " + std::to_string(bound)).c_str(), 1);
  }

  /// @return  the exit status of the program
  int finish() const {
    if (options_.is_list) return 0;
    if (failures_ == 0 && explored_ == 0) {
      std::cerr << "no scenario has \"" << options_.scenario << "\" in its name\n";
      return 2;
    }
    std::cout << "1.." << explorations_ << "\n# " << explored_ << " interleavings explored\n";
    return failures_ == 0 ? 0 : 1;
  }

 private:
  template <class Scenario>
  void simulate(rl::test_params& params, const char* name, const char* how, std::uint64_t first) {
    rl::ostringstream text;
    rl::ostringstream progress;
    params.output_stream = &text;
    params.progress_stream = &progress;
    params.execution_depth_limit = 5000;
    const unsigned start = get_tick_count();
    const bool is_good = rl::simulate<Scenario>(params);
    const std::uint64_t count = params.stop_iteration - first + 1;
    explored_ += count;
    // The Test Anything Protocol; what is none of it goes to the other stream.
    std::cout << (is_good ? "ok " : "not ok ") << ++explorations_ << " - " << name << ", " << how << ": " << count << " interleavings, "
              << (get_tick_count() - start) / 1000.0 << " s" << std::endl;
    if (!is_good) {
      ++failures_;
      std::cerr << text.str() << "repeat with --scenario \"" << name << "\" --seed " << options_.seed << '\n';
    }
  }

  std::uint64_t number(std::size_t i) const {
    if (i >= arguments_.size()) usage();
    return std::strtoull(arguments_[i].c_str(), nullptr, 10);
  }

  [[noreturn]] void usage() const {
    std::cerr << "usage: " << arguments_[0]
              << " [--random N] [--seed 0..255] [--bound PREEMPTIONS] [--long] [--scenario WORD] [--list]\n";
    std::exit(2);
  }

  std::vector<std::string> arguments_;
  Options options_;
  std::uint64_t explored_ = 0;
  int explorations_ = 0;
  int failures_ = 0;
};

}  // namespace model
