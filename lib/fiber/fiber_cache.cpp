#include <weft/fiber/fiber_cache.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "fiber/fiber_depot.hpp"
#include <weft/base/error.hpp>

namespace weft::inline v0 {

namespace {

constexpr std::uint32_t kAtOnce = 8;  // fibers that come from the depot together
constexpr std::int64_t kUnusedNs = 1'000'000'000;

}  // namespace

void StackSize::refuse(std::size_t bytes) {
  throw UsageError("weft: stack_size is " + std::to_string(bytes) + " bytes; the largest stack of a fiber has " +
                   std::to_string(kLargest >> 20) + " MiB (0 asks for the default of the runtime)");
}

void FiberCache::configure(std::size_t bytes, bool huge_pages, bool is_prefault) {
  is_huge_ = huge_pages;
  is_prefault_ = is_prefault;
  if (bytes != 0) default_class_ = class_for(bytes);
}

void FiberCache::add_some(std::uint32_t size_class, std::uint32_t most) {
  Kept& kept = kept_[size_class];
  FiberList taken = FiberDepot::here().take(size_class, most);
  while (taken.first != nullptr) {
    Fiber& fiber = *std::exchange(taken.first, taken.first->next_);
    if (is_prefault_) stack_memory.populate(fiber.stack_begin(), static_cast<std::size_t>(fiber.stack_end() - fiber.stack_begin()));
    fiber.next_ = std::exchange(kept.first, &fiber);
    ++kept.count;
  }
}

Fiber& FiberCache::refill(std::uint32_t size_class) {
  ++kept_[size_class].refills;
  add_some(size_class, std::min(kAtOnce, most_kept(size_class) / 2));
  return take(size_class);
}

void FiberCache::keep_only(std::uint32_t size_class, std::uint32_t count) noexcept {
  Kept& kept = kept_[size_class];
  if (count >= kept.count) return;
  Fiber** rest = &kept.first;  // those at the front were used last, and stay
  for (std::uint32_t i = 0; i < count; ++i) rest = &(*rest)->next_;
  put_all_home(std::exchange(*rest, nullptr));
  kept.count = count;
}

void FiberCache::give_half_away(std::uint32_t size_class) noexcept { keep_only(size_class, kept_[size_class].count / 2); }

void FiberCache::trim() noexcept {
  for (std::uint32_t size_class = 0; size_class < StackSize::kAllClasses; ++size_class) keep_only(size_class, 0);
}

void FiberCache::rest() noexcept {
  if (!FiberDepot::has_made_any()) return;
  const std::int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  const bool is_over = now - rested_at_ >= kUnusedNs;
  if (is_over) rested_at_ = now;
  for (std::uint32_t size_class = 0; size_class < StackSize::kAllClasses; ++size_class) {
    Kept& kept = kept_[size_class];
    const std::uint32_t wanted = std::min(kept.refills * kAtOnce, most_kept(size_class) / 2);
    kept.refills = 0;
    try {
      if (kept.count < wanted) add_some(size_class, wanted - kept.count);
    } catch (...) {
      // Whoever needs one will be told.
    }
    if (!is_over) continue;
    if (kept.least != 0) keep_only(size_class, kept.count - std::min(kept.least, kept.count));
    kept.least = kept.count;
  }
}

void FiberCache::put_all_home(Fiber* first) noexcept {
  while (first != nullptr) FiberDepot::put_home(*std::exchange(first, first->next_));
}

}  // namespace weft::inline v0
