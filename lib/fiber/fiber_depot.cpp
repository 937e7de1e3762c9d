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

/// As much again as there is, so that there are few slabs, and none far larger than what is used of it: where address space counts as memory
/// (mlockall, vm.overcommit_memory = 2) the rest of a slab is paid for too. Memcheck notes of each byte that it is mapped, and takes a second
/// for a gigabyte.
std::size_t bytes_of_next(const std::vector<std::unique_ptr<StackSlab>>& slabs) noexcept {
  std::size_t bytes = 0;
  for (const auto& slab : slabs) bytes += slab->bytes();
  return std::clamp(bytes, StackSlab::kFirstBytes, is_on_valgrind() ? StackSlab::kFirstBytes : StackSlab::kMostBytes);
}

/// How many stacks with memory a depot keeps: 64 MiB, but 4 at least. What they have touched is usually less.
constexpr std::size_t most_touched(std::uint32_t size_class) noexcept {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  return std::max<std::size_t>(kBytes / StackSize::bytes_of(size_class), 4);
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

void FiberDepot::link(FiberList& list, Fiber& fiber) noexcept {
  fiber.next_ = list.first;
  list.first = &fiber;
  ++list.count;
}

FiberList FiberDepot::split(FiberList& from, std::uint32_t most) noexcept {
  if (most == 0) return {};
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
  if (kept.slabs.empty() || kept.slabs.back()->made() == kept.slabs.back()->capacity()) {
    kept.slabs.push_back(std::make_unique<StackSlab>(StackSize::bytes_of(size_class) * StackSize::kFactor, StackSize::is_huge(size_class),
                                                     bytes_of_next(kept.slabs)));
    // Where depots are not shared by nodes, the number of one is that of its node.
    if (const NodesHere nodes = nodes_here(); nodes.count > 1 && nodes.last < kNodes) kept.slabs.back()->bind_to(node());
  }
  link(made, *kept.slabs.back()->make(size_class, node()));
  try {
    while (made.count < most) {
      Fiber* const fiber = kept.slabs.back()->make(size_class, node());
      if (fiber == nullptr) break;
      link(made, *fiber);
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
  if (taken.count == 0) {
    // relaxed: see has_made_any().
    has_made_any_.store(true, relaxed);
    taken = make(kept, size_class, most);
  }
  kept.least_touched = std::min(kept.least_touched, kept.touched.count);
  kept.out += taken.count;
  return taken;
}

void FiberDepot::clean(const Fiber& fiber) noexcept {
  stack_memory.give_back(fiber.stack_begin(), static_cast<std::size_t>(fiber.stack_end() - fiber.stack_begin()));
}

void FiberDepot::clean_unused() noexcept {
  for (FiberDepot& depot : depots()) {
    for (SizeClass& kept : depot.classes_) depot.clean_unused(kept);
  }
}

void FiberDepot::clean_unused(SizeClass& kept) noexcept {
  FiberList unused;
  {
    const std::unique_lock lock(kept.mutex, std::try_to_lock);
    if (!lock.owns_lock() || kept.touched.count == 0) return;
    const std::uint32_t used = kept.touched.count - std::min(kept.least_touched, kept.touched.count);
    FiberList stay = split(kept.touched, used);  // those at the front were used last
    unused = std::exchange(kept.touched, stay);
    kept.least_touched = used;
  }
  while (unused.first != nullptr) {
    Fiber& fiber = *std::exchange(unused.first, unused.first->next_);
    clean(fiber);
    const std::lock_guard lock(kept.mutex);
    link(kept.clean, fiber);
  }
}

void FiberDepot::put(Fiber& fiber) noexcept {
  forget_run(fiber.tool_);
  SizeClass& kept = classes_[fiber.size_class_];
  {
    const std::lock_guard lock(kept.mutex);
    --kept.out;
    if (kept.touched.count < most_touched(fiber.size_class_)) return link(kept.touched, fiber);
  }
  clean(fiber);
  const std::lock_guard lock(kept.mutex);
  link(kept.clean, fiber);
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

}  // namespace weft::inline v0
