#include "topo/worker_places.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <map>
#include <string>
#include <system_error>
#include <thread>

#include "topo/cpu_list.hpp"
#include <weft/base/error.hpp>
#include <weft/topo/available_cpus.hpp>

namespace weft::inline v0 {

namespace {

constexpr const char* kAdvice = "; use PinningStrategy::None, or set RuntimeOptions::pinning_best_effort to go on without";

/// The processor of each worker, as the kernel of this machine counts them. Those of another machine take turns in the order of the plan: by their
/// numbers all first siblings may come to the same few.
std::vector<unsigned> cpus_of(const Topology& machine, const PinningPlan& plan, const std::vector<unsigned>& allowed) {
  std::map<unsigned, std::size_t> order;  // of the plan's processors
  std::vector<unsigned> cpus;
  cpus.reserve(plan.pus.size());
  for (const unsigned pu : plan.pus) {
    const std::size_t turn = order.try_emplace(pu, order.size()).first->second;
    cpus.push_back(machine.is_this_machine ? machine.pus[pu].os_index : allowed[turn % allowed.size()]);
  }
  return cpus;
}

std::vector<unsigned> sorted_without_repeats(std::vector<unsigned> numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

/// What became of the attempt to bind a thread to some processors.
struct Trial {
  int error = 0;
  std::vector<unsigned> refused;  // processors, in rising order
};

/// One attempt for all: the kernel cuts the mask to what the process may have, and says what is left. By a thread of its own: the kernel does not tell
/// the calling one of the processors in its mask that are offline, and with what it was told its mask could not be put back.
Trial try_all(const std::vector<unsigned>& wanted) {
  Trial trial;
  std::vector<unsigned> granted;
  try {
    std::thread([&] {
      trial.error = CpuSet(wanted).bind_this_thread();
      if (trial.error == 0) granted = allowed_cpus();
    }).join();
  } catch (const std::system_error& error) {
    trial.error = error.code().value();  // there is no thread for it, and would be none for workers
  }
  std::set_difference(wanted.begin(), wanted.end(), granted.begin(), granted.end(), std::back_inserter(trial.refused));
  return trial;
}

[[noreturn]] void throw_refused(const PinningPlan& plan, const Trial& trial) {
  std::string text = "weft: PinningStrategy::";
  text.append(name_of(plan.strategy)).append(" binds workers to processors, and the kernel refuses ").append(format_cpu_list(trial.refused));
  if (trial.error != 0 && trial.error != EINVAL) {
    text.append(" (").append(std::strerror(trial.error)).append(")");
  } else {
    text.append(" (offline, or not in the cpuset of the process)");
  }
  throw LimitError(text.append(kAdvice));
}

}  // namespace

WorkerPlaces::WorkerPlaces(const Topology& machine, const PinningPlan& plan, bool is_best_effort) {
  if (plan.pus.empty()) return;
  const std::vector<unsigned> allowed = allowed_cpus();
  const CpuSet everywhere(allowed);
  const std::vector<unsigned> cpus = cpus_of(machine, plan, allowed);
  const Trial trial = try_all(sorted_without_repeats(cpus));
  if (!trial.refused.empty() && !is_best_effort) throw_refused(plan, trial);
  everywhere_ = everywhere;
  places_.reserve(cpus.size());
  for (const unsigned cpu : cpus) {
    const bool is_refused = std::binary_search(trial.refused.begin(), trial.refused.end(), cpu);
    places_.push_back({cpu, is_refused ? CpuSet() : CpuSet({cpu})});
  }
}

std::optional<unsigned> WorkerPlaces::processor_of(unsigned worker) const noexcept {
  if (worker >= places_.size() || places_[worker].set.is_empty()) return std::nullopt;
  return places_[worker].cpu;
}

std::optional<unsigned> WorkerPlaces::bind_as(unsigned worker) const noexcept {
  const auto processor = processor_of(worker);
  // The cpuset may have changed since the kernel was asked.
  if (processor && places_[worker].set.bind_this_thread() == 0) return processor;
  unbind();
  return std::nullopt;
}

void WorkerPlaces::unbind() const noexcept {
  // Where it cannot be, the thread stays where its maker could run, which works as well.
  if (!everywhere_.is_empty()) static_cast<void>(everywhere_.bind_this_thread());
}

}  // namespace weft::inline v0
