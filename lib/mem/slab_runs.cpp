#include "mem/slab_runs.hpp"

#include <bit>
#include <mutex>
#include <new>

#include "mem/frame_memory.hpp"
#include "mem/region_memory.hpp"

namespace weft::inline v0 {

SlabRuns::Run* SlabRuns::run_of(void* slab) noexcept {
  const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(slab) & ~(kRunBytes - 1);
  return std::launder(reinterpret_cast<Run*>(begin + FrameSlab::kBytes));
}

SlabRuns::Run* SlabRuns::make_run() {
  void* const memory = take_from_allocator(kRunBytes, kRunBytes);
  region_memory.use_huge_pages(memory, kRunBytes);  // where it is refused, small ones do
  return ::new (static_cast<std::byte*>(memory) + FrameSlab::kBytes) Run;
}

void SlabRuns::list(Run& run) noexcept {
  run.previous = nullptr;
  run.next = first_;
  if (first_ != nullptr) first_->previous = &run;
  first_ = &run;
}

void SlabRuns::unlist(Run& run) noexcept {
  (run.previous != nullptr ? run.previous->next : first_) = run.next;
  if (run.next != nullptr) run.next->previous = run.previous;
}

/// Pre: it is listed.
void* SlabRuns::take_from(Run& run) noexcept {
  const auto slab = static_cast<std::size_t>(std::countr_zero(run.free));
  run.free &= run.free - 1;
  if (run.free == 0) unlist(run);
  return begin_of(&run) + slab * FrameSlab::kAlignment;
}

SlabRuns::Memory SlabRuns::take_alone() {
  void* const memory = take_from_allocator(FrameSlab::kBytes, FrameSlab::kAlignment);
  const std::lock_guard lock(mutex_);
  ++alone_;
  return {memory, false};
}

// The allocator is never called with the mutex held: it may be anybody's, and call anything.
SlabRuns::Memory SlabRuns::take() {
  bool are_few = false;
  {
    const std::lock_guard lock(mutex_);
    if (first_ != nullptr) return {take_from(*first_), true};
    are_few = alone_ < kAloneFirst;
  }
  if (are_few) return take_alone();
  Run* run = nullptr;
  try {
    run = make_run();
  } catch (const std::bad_alloc&) {
    return take_alone();
  }
  const std::lock_guard lock(mutex_);
  list(*run);
  return {take_from(*run), true};
}

void SlabRuns::give(Memory slab) noexcept {
  if (!slab.is_in_run) {
    give_to_allocator(slab.at, FrameSlab::kBytes, FrameSlab::kAlignment);
    const std::lock_guard lock(mutex_);
    --alone_;
    return;
  }
  Run& run = *run_of(slab.at);
  {
    const std::lock_guard lock(mutex_);
    if (run.free == 0) list(run);
    run.free |= Bits{1} << static_cast<std::size_t>(static_cast<std::byte*>(slab.at) - begin_of(&run)) / FrameSlab::kAlignment;
    if (run.free != kAll) return;
    unlist(run);
  }
  give_to_allocator(begin_of(&run), kRunBytes, kRunBytes);
}

}  // namespace weft::inline v0
