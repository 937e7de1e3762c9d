/// @file
/// The workers of a pool: those it was made with, and those that were added while others were blocked.
#pragma once

#include <memory>
#include <utility>

#include "mem/made_on.hpp"
#include "sched/worker.hpp"
#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

/// A list that only grows, and may be read meanwhile.
///
/// Threads: any; add() by one at a time.
class Seats {
 public:
  explicit Seats(unsigned most) : workers_(std::make_unique<MadeOn<Worker>[]>(most)) {}

  void add(MadeOn<Worker> worker) noexcept {
    // relaxed: only this thread changes it.
    const unsigned count = count_.load(relaxed);
    workers_[count] = std::move(worker);
    // [seats.add] release: the worker is complete before anybody finds it.
    count_.store(count + 1, release);
  }

  [[nodiscard]] unsigned count() const noexcept {
    // [seats.add] acquire: pairs with add().
    return count_.load(acquire);
  }
  [[nodiscard]] Worker& operator[](unsigned index) const noexcept { return *workers_[index]; }
  [[nodiscard]] const MadeOn<Worker>* begin() const noexcept { return workers_.get(); }
  [[nodiscard]] const MadeOn<Worker>* end() const noexcept { return workers_.get() + count(); }

 private:
  const std::unique_ptr<MadeOn<Worker>[]> workers_;
  Atomic<unsigned> count_{0};
};

}  // namespace weft::inline v0
