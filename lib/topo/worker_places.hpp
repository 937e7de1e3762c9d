/// @file
/// A pinning plan on the machine at hand: the processors to which workers' threads are bound.
#pragma once

#include <optional>
#include <vector>

#include "topo/cpu_set.hpp"
#include <weft/topo/pinning.hpp>
#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

/// Threads: any, except construction.
class WorkerPlaces {
 public:
  /// Nobody is bound.
  WorkerPlaces() = default;

  /// Asks the kernel whether it will do it, by binding a thread that ends at once. The processors of a machine that is not this one are
  /// mapped to those that the calling thread may run on, one after the other in the order of the plan.
  ///
  /// @param is_best_effort  whoever cannot be bound is not; otherwise that is an error
  /// Errors: LimitError with the kernel's reason.
  WorkerPlaces(const Topology& machine, const PinningPlan& plan, bool is_best_effort);

  /// Binds the calling thread as the thread of a worker. One without a place may run wherever the maker of the pool could: a thread begins
  /// with the mask of whoever has started it, and that may have been a worker.
  ///
  /// @return  the processor, as the kernel counts them; nothing: the thread is not bound
  std::optional<unsigned> bind_as(unsigned worker) const noexcept;

  /// The processor to which it binds that worker, as the kernel counts them, unless that was refused.
  [[nodiscard]] std::optional<unsigned> processor_of(unsigned worker) const noexcept;

  /// As bind_as() for a thread of the pool that is no worker.
  void unbind() const noexcept;

 private:
  struct Place {
    unsigned cpu;
    CpuSet set;  // empty: refused
  };

  CpuSet everywhere_;  // where the maker could run; empty: nobody is bound
  std::vector<Place> places_;  // of each worker
};

}  // namespace weft::inline v0
