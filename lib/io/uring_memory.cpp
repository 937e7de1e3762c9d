#include "io/uring_memory.hpp"

#include <new>

#include "io/uring_ring.hpp"

namespace weft::inline v0::detail {

std::unique_ptr<UringMemory> UringMemory::make(UringRing& ring, Poller& driver) noexcept {
  if (!ring.make_memory_table(kPlaces)) return nullptr;
  return std::unique_ptr<UringMemory>(new (std::nothrow) UringMemory(ring, driver));
}

std::optional<std::uint16_t> UringMemory::index_of(const KnownMemory& memory) noexcept {
  if (!holds(places_[last_], memory.id())) {
    auto found = find(memory.id());
    if (found == places_.end()) {
      found = find(kFree);
      if (found == places_.end()) return std::nullopt;
      found->is_known = ring_.set_memory(static_cast<unsigned>(found - places_.begin()), memory.data(), memory.size());
      // relaxed: others look for an id only when operations on that memory have ended.
      found->id.store(memory.id(), relaxed);
    }
    last_ = static_cast<std::size_t>(found - places_.begin());
  }
  if (!places_[last_].is_known) return std::nullopt;
  return static_cast<std::uint16_t>(last_);
}

void UringMemory::forget(std::uint64_t id) noexcept {
  const auto found = find(id);
  if (found == places_.end()) return;
  // relaxed: the store below publishes it.
  found->is_gone.store(true, relaxed);
  // [uring.gone] release: which; partner: drop_all_gone().
  has_gone_.store(true, release);
  driver_.notify();
}

void UringMemory::drop_all_gone() noexcept {
  // [uring.gone] acquire: pairs with forget().
  static_cast<void>(has_gone_.exchange(false, acquire));
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    // relaxed: ordered by the exchange above, or another notification follows.
    if (!place.is_gone.load(relaxed)) continue;
    if (place.is_known) static_cast<void>(ring_.set_memory(static_cast<unsigned>(i), nullptr, 0));
    // relaxed, both: nobody looks for that memory any more.
    place.is_gone.store(false, relaxed);
    place.id.store(kFree, relaxed);
  }
}

}  // namespace weft::inline v0::detail
