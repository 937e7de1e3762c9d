#include "fiber/fiber_depot.hpp"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "fiber/overflow.hpp"
#include "fiber/sanitizer.hpp"
#include <weft/base/error.hpp>

namespace weft::inline v0 {

namespace {

constexpr std::size_t kNodes = 16;  // a node beyond shares the depot of another; its memory is still where it was touched first

/// Never destroyed: a thread may give a fiber back while static objects go.
std::array<FiberDepot, kNodes>& depots() noexcept {
  alignas(FiberDepot) static std::byte storage[sizeof(std::array<FiberDepot, kNodes>)];
  static auto* const made = new (storage) std::array<FiberDepot, kNodes>();
  return *made;
}

/// How many stacks with memory a depot keeps: 64 MiB, but 4 at least. What they have touched is usually less.
constexpr std::uint32_t most_touched(std::uint32_t size_class) noexcept {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  return static_cast<std::uint32_t>(std::max<std::size_t>(kBytes / StackSize::bytes_of(size_class), 4));
}

}  // namespace

FiberDepot& FiberDepot::here() noexcept {
  unsigned cpu = 0;
  unsigned node = 0;
  if (::getcpu(&cpu, &node) != 0) node = 0;
  return depots()[node % kNodes];
}

void FiberDepot::put_home(Fiber& fiber) noexcept { depots()[fiber.node_].put(fiber); }

std::uint32_t FiberDepot::node() const noexcept { return static_cast<std::uint32_t>(this - depots().data()); }

FiberList FiberDepot::split(FiberList& from, std::uint32_t most) noexcept {
  if (from.count <= most) return std::exchange(from, FiberList{});
  FiberList taken{from.first, most};
  Fiber* last = from.first;
  for (std::uint32_t i = 1; i < most; ++i) last = last->next_;
  from.first = std::exchange(last->next_, nullptr);
  from.count -= most;
  return taken;
}

FiberList FiberDepot::make(SizeClass& kept, std::uint32_t size_class, std::uint32_t most) {
  FiberList made;
  const auto add = [&made](Fiber& fiber) {
    fiber.next_ = made.first;
    made.first = &fiber;
    ++made.count;
  };
  if (kept.slabs.empty() || kept.slabs.back()->made() == kept.slabs.back()->capacity()) {
    kept.slabs.push_back(std::make_unique<StackSlab>(StackSize::bytes_of(size_class) * StackSize::kFactor));
  }
  add(*kept.slabs.back()->make(size_class, node()));
  try {
    while (made.count < most) {
      Fiber* const fiber = kept.slabs.back()->make(size_class, node());
      if (fiber == nullptr) break;
      add(*fiber);
    }
  } catch (const LimitError&) {
    // There is one at least.
  }
  return made;
}

FiberList FiberDepot::take(std::uint32_t size_class, std::uint32_t most) {
  report_overflows();
  SizeClass& kept = classes_[size_class];
  const std::lock_guard lock(kept.mutex);
  FiberList taken = split(kept.touched.count != 0 ? kept.touched : kept.clean, most);
  if (taken.count == 0) taken = make(kept, size_class, most);
  kept.out += taken.count;
  return taken;
}

void FiberDepot::put(Fiber& fiber) noexcept {
  forget_run(fiber.tool_);
  SizeClass& kept = classes_[fiber.size_class_];
  const std::lock_guard lock(kept.mutex);
  const bool is_kept = kept.touched.count < most_touched(fiber.size_class_);
  if (!is_kept) stack_memory.give_back(fiber.stack_begin(), static_cast<std::size_t>(fiber.stack_end() - fiber.stack_begin()));
  FiberList& list = is_kept ? kept.touched : kept.clean;
  fiber.next_ = list.first;
  list.first = &fiber;
  ++list.count;
  --kept.out;
}

std::size_t FiberDepot::outstanding() noexcept {
  std::size_t out = 0;
  for (FiberDepot& depot : depots()) {
    for (SizeClass& kept : depot.classes_) {
      const std::lock_guard lock(kept.mutex);
      out += kept.out;
    }
  }
  return out;
}

// ---- the cache of a worker ----

void StackSize::refuse(std::size_t bytes) {
  throw UsageError("weft: stack_size is " + std::to_string(bytes) + " bytes; the largest stack of a fiber has " +
                   std::to_string(kLargest >> 20) + " MiB (0 asks for the default of the runtime)");
}

Fiber& FiberCache::refill(std::uint32_t size_class) {
  constexpr std::uint32_t kAtOnce = 8;
  const FiberList taken = FiberDepot::here().take(size_class, std::min(kAtOnce, most_kept(size_class) / 2));
  kept_[size_class] = {taken.first, taken.count};
  return take(size_class);
}

void FiberCache::give_half_away(std::uint32_t size_class) noexcept {
  Kept& kept = kept_[size_class];
  const std::uint32_t stay = kept.count / 2;
  Fiber* last = kept.first;  // those at the front were used last, and stay
  for (std::uint32_t i = 1; i < stay; ++i) last = last->next_;
  put_all_home(std::exchange(last->next_, nullptr));
  kept.count = stay;
}

void FiberCache::trim() noexcept {
  for (Kept& kept : kept_) put_all_home(std::exchange(kept, Kept{}).first);
}

void FiberCache::put_all_home(Fiber* first) noexcept {
  while (first != nullptr) FiberDepot::put_home(*std::exchange(first, first->next_));
}

}  // namespace weft::inline v0
