#include "support/tally.hpp"

#include <list>
#include <mutex>

namespace perf {
namespace {

struct alignas(64) PaddedSlot {
  std::atomic<std::uint64_t> count{0};
};

std::mutex slots_mutex;
std::list<PaddedSlot> slots;  // of all threads that ever counted

}  // namespace

Tally::Slot* Tally::add_slot() {
  const std::lock_guard lock(slots_mutex);
  return &slots.emplace_back().count;
}

std::uint64_t Tally::total() {
  const std::lock_guard lock(slots_mutex);
  std::uint64_t sum = 0;
  // relaxed: the jobs that were waited for have counted before.
  for (const PaddedSlot& slot : slots) sum += slot.count.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace perf
