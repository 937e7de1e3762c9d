#include "mem/node_region.hpp"

#include <algorithm>
#include <utility>

#include "base/rounding.hpp"
#include "mem/region_memory.hpp"
#include <weft/base/assert.hpp>

namespace weft::inline v0 {

namespace {

using Lock = std::unique_lock<AdaptiveMutex>;

}  // namespace

// ---- the range ----

bool NodeRegion::reserve(std::size_t most) noexcept {
  for (std::size_t bytes = most; bytes >= kLeastBytes; bytes /= 2) {
    begin_ = reserve_aligned(bytes);
    if (begin_ == nullptr) continue;
    bytes_ = bytes;
    first_ = static_cast<Index>(rounded_up(bytes / kUnit * sizeof(Unit), kChunk) / kUnit);
    opened_ = first_;
    return true;
  }
  return false;
}

bool NodeRegion::bind_to(unsigned os_node) noexcept { return region_memory.bind(begin_, bytes_, os_node) == 0; }

NodeRegion::~NodeRegion() {
  if (has_range()) region_memory.unmap(begin_, bytes_);
}

/// The first of some units that nobody has had so far, which may be touched then. 0: there are no more, or the system refuses.
NodeRegion::Index NodeRegion::open(std::size_t bytes, std::size_t alignment) noexcept {
  const std::size_t from = std::size_t{opened_} * kUnit;
  const std::size_t begin = rounded_up(from, alignment);
  if (begin >= bytes_ || bytes > bytes_ - begin) return 0;
  const std::size_t end = begin + rounded_up(bytes, kChunk);
  const std::size_t table_end = rounded_up(end / kUnit * sizeof(Unit), kChunk / 64);
  if (table_end > table_opened_) {
    if (region_memory.allow(begin_ + table_opened_, table_end - table_opened_) != 0) return 0;
    table_opened_ = table_end;
  }
  if (region_memory.allow(begin_ + from, end - from) != 0) return 0;
  opened_ = static_cast<Index>(end / kUnit);
  give_range(static_cast<Index>(from / kUnit), static_cast<Index>(begin / kUnit), false);
  return static_cast<Index>(begin / kUnit);
}

// ---- free runs ----

unsigned NodeRegion::order_of(std::size_t bytes) noexcept {
  return bytes <= kUnit ? 0 : static_cast<unsigned>(std::bit_width((bytes - 1) / kUnit));
}

void NodeRegion::link(Index run, unsigned order, Index kept) noexcept {
  const Index next = std::exchange(free_[order], run);
  if (next != 0) unit(next).previous = run;
  unit(run) = Unit{next, 0, kept, static_cast<std::uint8_t>(order), true};
  kept_ += kept;
}

void NodeRegion::unlink(Index run) noexcept {
  Unit& gone = unit(run);
  (gone.previous != 0 ? unit(gone.previous).next : free_[gone.order]) = gone.next;
  if (gone.next != 0) unit(gone.next).previous = gone.previous;
  kept_ -= gone.kept;
  gone.is_free = false;
}

/// Takes a run off its list, and gives all but its first units back. Which part of it has pages is not known.
///
/// @param counts_as_first  what has pages counts as the first part, which is left; else as the last
/// @return                 how many units of what is left count as having pages
NodeRegion::Index NodeRegion::cut(Index run, unsigned order, bool counts_as_first) noexcept {
  unsigned found = unit(run).order;
  Index kept = unit(run).kept;
  unlink(run);
  while (found > order) {
    --found;
    const Index half = Index{1} << found;
    const Index more = std::min(kept, half);
    const Index less = kept - more;
    link(run + half, found, counts_as_first ? less : more);
    kept = counts_as_first ? more : less;
  }
  return kept;
}

/// A run of that order, cut from a larger one if there is no other. 0: there is none.
NodeRegion::Index NodeRegion::take_free(unsigned order) noexcept {
  unsigned found = order;
  while (found < kOrders && free_[found] == 0) ++found;
  if (found == kOrders) return 0;
  const Index run = free_[found];
  cut(run, order, true);
  return run;
}

void NodeRegion::give_free(Index run, unsigned order, Index kept) noexcept {
  for (; order + 1 < kOrders; ++order) {
    const Index size = Index{1} << order;
    const Index buddy = run ^ size;
    if (buddy + size > opened_) break;
    const Unit& other = unit(buddy);
    if (!other.is_free || other.order != order) break;
    kept += other.kept;
    unlink(buddy);
    run = std::min(run, buddy);
  }
  link(run, order, kept);
}

/// Any units side by side, as the runs that fit.
void NodeRegion::give_range(Index from, Index to, bool has_pages) noexcept {
  while (from != to) {
    const auto order = static_cast<unsigned>(std::min(std::countr_zero(from), std::countl_zero(Index{1}) - std::countl_zero(to - from)));
    const Index size = Index{1} << order;
    give_free(from, order, has_pages ? size : 0);
    from += size;
  }
}

void* NodeRegion::take(std::size_t bytes) noexcept {
  if (bytes > bytes_ / 2) return nullptr;
  const unsigned order = order_of(bytes);
  const std::size_t size = kUnit << order;
  const Lock lock(mutex_);
  Index run = take_free(order);
  if (run == 0) {
    run = open(size, std::max(size, kChunk));
    if (run == 0) return nullptr;
    const Index beyond = run + (Index{1} << order);
    if (beyond < opened_) give_range(beyond, opened_, false);
  }
  return address_of(run);
}

void NodeRegion::give(void* run, std::size_t bytes) noexcept {
  const unsigned order = order_of(bytes);
  const std::size_t size = kUnit << order;
  Lock lock(mutex_);
  WEFT_ASSERT(!unit(index_of(run)).is_free, "memory of a node was given back twice");
  // A part of a page cannot go back: the rest is its neighbours'.
  const bool may_keep = kept_ * kUnit + size <= std::max(kMayKeepBytes, prefaulted_) || size < region_memory.page_size();
  if (!may_keep) {
    lock.unlock();
    region_memory.give_back(run, size);
    lock.lock();
  }
  give_free(index_of(run), order, may_keep ? Index{1} << order : 0);
}

// ---- what the user asks for ----

void NodeRegion::use_huge_pages() noexcept {
  if (has_range()) region_memory.use_huge_pages(begin_, bytes_);
}

/// Takes a free run in which pages are missing, of a chunk at most. Empty: there is none.
NodeRegion::Range NodeRegion::take_without_all_pages() noexcept {
  constexpr unsigned kMostOrder = std::bit_width(kChunk / kUnit) - 1;
  for (unsigned order = 0; order < kOrders; ++order) {
    for (Index run = free_[order]; run != 0; run = unit(run).next) {
      if (unit(run).kept == Index{1} << order) continue;
      const unsigned taken = std::min(order, kMostOrder);
      const Index kept = cut(run, taken, false);  // so that some are missing in what is taken
      return {run, run + (Index{1} << taken), kept};
    }
  }
  return {};
}

void NodeRegion::prefault(std::size_t bytes) noexcept {
  const std::lock_guard one_at_a_time(prefault_mutex_);
  Lock lock(mutex_);
  if (!has_range()) return;
  bytes = std::min(bytes, bytes_);
  while (prefaulted_ < bytes) {
    // What is free already comes first, because it is also what is taken first.
    Range fresh = take_without_all_pages();
    if (fresh.from == 0) {
      const std::size_t more = rounded_up(bytes - prefaulted_, kChunk);
      fresh.from = open(more, kChunk);
      if (fresh.from == 0) return;
      fresh.to = opened_;
    }
    prefaulted_ += std::size_t{fresh.to - fresh.from - fresh.kept} * kUnit;
    lock.unlock();
    region_memory.populate(address_of(fresh.from), std::size_t{fresh.to - fresh.from} * kUnit);
    lock.lock();
    give_range(fresh.from, fresh.to, true);
  }
}

std::optional<double> NodeRegion::share_elsewhere(unsigned os_node) noexcept {
  constexpr std::size_t kMostAsked = 65536;
  constexpr std::size_t kAtOnce = 512;
  std::size_t end = 0;
  {
    const Lock lock(mutex_);
    end = opened_;
  }
  const std::size_t step = (end - first_ + kMostAsked - 1) / kMostAsked;
  std::array<void*, kAtOnce> pages{};
  std::array<int, kAtOnce> nodes{};
  std::size_t present = 0;
  std::size_t elsewhere = 0;
  for (std::size_t at = first_; at < end;) {
    std::size_t count = 0;
    for (; count < kAtOnce && at < end; at += step) pages[count++] = address_of(static_cast<Index>(at));
    if (region_memory.nodes_of(pages.data(), count, nodes.data()) != 0) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
      present += nodes[i] >= 0;
      elsewhere += nodes[i] >= 0 && static_cast<unsigned>(nodes[i]) != os_node;
    }
  }
  return present != 0 ? static_cast<double>(elsewhere) / static_cast<double>(present) : 0.0;
}

std::size_t NodeRegion::opened_bytes() noexcept {
  const Lock lock(mutex_);
  return std::size_t{opened_ - first_} * kUnit;
}

std::size_t NodeRegion::kept_bytes() noexcept {
  const Lock lock(mutex_);
  return kept_ * kUnit;
}

}  // namespace weft::inline v0
