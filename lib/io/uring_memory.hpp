/// @file
/// Which registered memory one ring knows.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/poller.hpp"
#include "io/memory_users.hpp"
#include <weft/base/atomic.hpp>
#include <weft/io/registered_buffer.hpp>

namespace weft::inline v0::detail {

class UringRing;

/// A table in the kernel, of which an operation gives the index. (lib/io/README.md, "registered memory")
///
/// Threads:  the ring's, but for forget().
/// Lifetime: of the ring and the driver around it.
class UringMemory final : public MemoryUser {
 public:
  /// Null: there is no memory, or this kernel cannot.
  [[nodiscard]] static std::unique_ptr<UringMemory> make(UringRing& ring, Poller& driver) noexcept;
  ~UringMemory() override { leave(); }

  /// The index of memory that it knows, or gets to know. None: it cannot.
  [[nodiscard]] std::optional<std::uint16_t> index_of(const KnownMemory& memory) noexcept;

  /// Whether there is something to let go of; under the driver's sleep word, or asked again.
  // relaxed: who has said so notifies the driver then.
  [[nodiscard]] bool has_gone() const noexcept { return has_gone_.load(relaxed); }
  void drop_gone() noexcept {
    if (has_gone()) [[unlikely]] drop_all_gone();
  }

 private:
  static constexpr std::size_t kPlaces = 64;
  static constexpr std::uint64_t kFree = 0;  // of no memory
  struct Place {
    // Written by the ring's thread; others look for one that was written before they came to know of it.
    Atomic<std::uint64_t> id{kFree};
    Atomic<bool> is_gone{false};
    bool is_known = false;  // false: the kernel has refused it
  };

  UringMemory(UringRing& ring, Poller& driver) noexcept : ring_(ring), driver_(driver) { join(); }
  void forget(std::uint64_t id) noexcept override;
  void drop_all_gone() noexcept;

  // relaxed: by the ring's thread, which writes it; or by others for memory on which an operation was begun here long ago, or never.
  [[nodiscard]] static bool holds(const Place& place, std::uint64_t id) noexcept { return place.id.load(relaxed) == id; }
  [[nodiscard]] std::array<Place, kPlaces>::iterator find(std::uint64_t id) noexcept {
    return std::find_if(places_.begin(), places_.end(), [id](const Place& place) { return holds(place, id); });
  }

  UringRing& ring_;
  Poller& driver_;
  std::array<Place, kPlaces> places_;
  std::size_t last_ = 0;  // that was asked for
  Atomic<bool> has_gone_{false};
};

}  // namespace weft::inline v0::detail
