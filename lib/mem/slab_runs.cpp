#include "mem/slab_runs.hpp"

#include <unistd.h>

#include <algorithm>
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

/// Not of the allocator, which may keep what goes back, and serve small requests of others by huge pages. Null: refused.
SlabRuns::Run* SlabRuns::make_run() noexcept {
  std::byte* const memory = reserve_aligned(kRunBytes);
  if (memory == nullptr) return nullptr;
  if (region_memory.allow(memory, kRunBytes) != 0) {
    region_memory.unmap(memory, kRunBytes);
    return nullptr;
  }
  region_memory.use_huge_pages(memory, kRunBytes);  // where it is refused, small ones do
  return ::new (memory + FrameSlab::kBytes) Run;
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

/// Pre: it is listed. One that has pages, if there is one.
void* SlabRuns::take_from(Run& run) noexcept {
  const Bits wanted = run.kept != 0 ? run.kept : run.free;
  const Bits slab = wanted & -wanted;
  if ((run.kept & slab) != 0) --kept_;
  run.kept &= ~slab;
  run.free &= ~slab;
  if (run.free == 0) unlist(run);
  ++in_use_;
  return begin_of(run) + static_cast<std::size_t>(std::countr_zero(slab)) * FrameSlab::kAlignment;
}

void SlabRuns::forget_kept(Run& run) noexcept {
  kept_ -= static_cast<std::size_t>(std::popcount(run.kept));
  run.kept = 0;
}

/// Of all its free slabs, but for the last page of the first one, in which the run itself is.
void SlabRuns::give_pages_back(Run& run) noexcept {
  const std::size_t page = region_memory.page_size();
  for (Bits left = run.kept; left != 0; left &= left - 1) {
    const auto slab = static_cast<std::size_t>(std::countr_zero(left));
    const std::size_t bytes = slab != 0 ? FrameSlab::kAlignment : FrameSlab::kAlignment - std::min(page, FrameSlab::kAlignment);
    if (bytes != 0) region_memory.give_back(begin_of(run) + slab * FrameSlab::kAlignment, bytes);
  }
  forget_kept(run);
}

SlabRuns::Memory SlabRuns::take_alone() {
  void* const memory = take_from_allocator(FrameSlab::kBytes, FrameSlab::kAlignment);
  const std::lock_guard lock(mutex_);
  ++alone_;
  return {memory, false};
}

// The allocator is never called with the mutex held: it may be anybody's, and call anything.
SlabRuns::Memory SlabRuns::take() {
  bool is_maker = false;
  {
    const std::lock_guard lock(mutex_);
    if (first_ != nullptr) return {take_from(*first_), true};
    is_maker = alone_ >= kAloneFirst && !is_making_run_;
    if (is_maker) is_making_run_ = true;
  }
  Run* const run = is_maker ? make_run() : nullptr;
  if (is_maker) {
    const std::lock_guard lock(mutex_);
    is_making_run_ = false;
    if (run != nullptr) {
      list(*run);
      return {take_from(*run), true};
    }
  }
  return take_alone();
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
    const Bits bit = Bits{1} << static_cast<std::size_t>(static_cast<std::byte*>(slab.at) - begin_of(run)) / FrameSlab::kAlignment;
    run.free |= bit;
    run.kept |= bit;
    ++kept_;
    --in_use_;
    if (run.free != kAll) {
      if (kept_ > std::max(kMayKeep, in_use_)) give_pages_back(run);
      return;
    }
    unlist(run);
    forget_kept(run);
  }
  region_memory.unmap(begin_of(run), kRunBytes);
}

}  // namespace weft::inline v0
