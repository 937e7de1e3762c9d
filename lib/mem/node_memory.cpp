#include <weft/mem/node_memory.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>
#include <new>

#include "mem/frame_memory.hpp"
#include "mem/node_parts.hpp"
#include "mem/region_memory.hpp"
#include <weft/base/atomic.hpp>

namespace weft::inline v0 {

namespace {

constexpr std::size_t kHomes = 128;

/// Never destroyed: blocks may outlive static objects.
struct Home {
  alignas(NodeMemory) std::byte memory[sizeof(NodeMemory)];
  alignas(detail::NodeParts) std::byte parts[sizeof(detail::NodeParts)];
};

std::array<Home, kHomes> storage;
constinit std::array<Atomic<NodeMemory*>, kHomes> homes{};  // from the first on, in the order in which they were asked for
constinit std::mutex making;

template <class F>
void for_each_node(F call) noexcept {
  for (std::size_t i = 0; i < kHomes; ++i) {
    // [node.made] acquire: as in NodeMemory::find().
    if (homes[i].load(acquire) == nullptr) return;
    call(*std::launder(reinterpret_cast<detail::NodeParts*>(storage[i].parts)));
  }
}

/// So that blocks begin where they have to. 0: it does not come from a depot.
constexpr std::size_t bytes_in_depot(std::size_t bytes, std::size_t alignment) noexcept {
  if (bytes == 0) bytes = 1;
  if (alignment > FrameCache::kStep) bytes = (bytes + 2 * FrameCache::kStep - 1) / (2 * FrameCache::kStep) * (2 * FrameCache::kStep);
  return alignment <= 2 * FrameCache::kStep && bytes <= FrameCache::kLargest ? bytes : 0;
}

}  // namespace

NodeMemory::NodeMemory(unsigned os_node, detail::NodeParts& parts) noexcept : node_(os_node), parts_(parts) {
  const bool is_ordinary = WEFT_ASAN || (os_node < kImagined && nodes_here().count <= 1);
  if (is_ordinary || !parts_.region.reserve(std::min(NodeRegion::kMostBytes, address_space_for_a_node()))) return;
  range_begin_ = parts_.region.begin();
  range_bytes_ = parts_.region.bytes();
  is_bound_ = os_node < kImagined && parts_.region.bind_to(os_node);
}

NodeMemory* NodeMemory::find(unsigned os_node) noexcept {
  for (const Atomic<NodeMemory*>& home : homes) {
    // [node.made] acquire: it is complete; pairs with of().
    NodeMemory* const found = home.load(acquire);
    if (found == nullptr || found->node_ == os_node) return found;
  }
  // relaxed: all were seen above.
  return homes[os_node % kHomes].load(relaxed);
}

NodeMemory& NodeMemory::of(unsigned os_node) noexcept {
  if (NodeMemory* const found = find(os_node)) return *found;
  const std::lock_guard lock(making);
  if (NodeMemory* const found = find(os_node)) return *found;
  std::size_t next = 0;
  // relaxed: they are made under the lock.
  while (homes[next].load(relaxed) != nullptr) ++next;
  auto* const parts = ::new (storage[next].parts) detail::NodeParts;
  auto* const made = ::new (storage[next].memory) NodeMemory(os_node, *parts);
  // [node.made] release: pairs with find().
  homes[next].store(made, release);
  return *made;
}

std::size_t detail::frames_outstanding_on_nodes() noexcept {
  std::size_t sum = 0;
  for_each_node([&sum](NodeParts& parts) { sum += parts.frames.outstanding(); });
  return sum;
}

void detail::collect_on_nodes() noexcept {
  for_each_node([](NodeParts& parts) {
    parts.frames.collect();
    parts.blocks.collect();
  });
}

std::optional<double> NodeMemory::remote_share() const noexcept {
  if (!is_bound()) return std::nullopt;
  return parts_.region.share_elsewhere(node_);
}

void NodeMemory::use_huge_pages() noexcept { parts_.region.use_huge_pages(); }

void NodeMemory::prefault(std::size_t bytes) noexcept { parts_.region.prefault(bytes); }

void* NodeMemory::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (!has_range()) return take_from_allocator(bytes, alignment);
  if (const std::size_t small = bytes_in_depot(bytes, alignment)) return parts_.blocks.take_one(FrameCache::class_of(small));
  if (void* const block = parts_.region.take(bytes > alignment ? bytes : alignment)) return block;
  return take_from_allocator(bytes, alignment);
}

void NodeMemory::do_deallocate(void* block, std::size_t bytes, std::size_t alignment) {
  if (!has_range()) return give_to_allocator(block, bytes, alignment);
  if (const std::size_t small = bytes_in_depot(bytes, alignment)) return FrameDepot::put_one(FrameCache::class_of(small), block);
  if (!contains(block)) return give_to_allocator(block, bytes, alignment);
  parts_.region.give(block, bytes > alignment ? bytes : alignment);
}

bool NodeMemory::do_is_equal(const std::pmr::memory_resource& other) const noexcept { return this == &other; }

}  // namespace weft::inline v0
