/// @file
/// What tests put between the drivers and the kernel.
#pragma once

#include <cstdint>
#include <optional>

#include <weft/base/atomic.hpp>
#include <weft/io/request.hpp>

namespace weft::inline v0::detail {

/// Failures that the kernel may have at any time, when a test wants them. Threads: each member by any, several at once.
class IoFaults {
 public:
  IoFaults() = default;
  IoFaults(const IoFaults&) = delete;
  IoFaults& operator=(const IoFaults&) = delete;
  virtual ~IoFaults() = default;

  /// How an operation ends without being done: the number of an error, negative.
  [[nodiscard]] virtual std::optional<std::int32_t> ended(const IoRequest& request) = 0;
  /// How many bytes of those that it may transfer it does, 1 at least.
  [[nodiscard]] virtual std::uint32_t shortened(const IoRequest& request) = 0;
  /// Whether the kernel takes nothing now, for want of memory.
  [[nodiscard]] virtual bool refuses_submission() = 0;
  /// Whether completions that are there are seen only at a later look.
  [[nodiscard]] virtual bool is_late() = 0;
  /// How many completions a ring that is made now has room for.
  [[nodiscard]] virtual unsigned completions() = 0;

  // [io.faults] acquire: what the test has set up; partner: use().
  [[nodiscard]] static IoFaults* present() noexcept { return present_.load(acquire); }
  /// Null: none. While nothing is in flight.
  static void use(IoFaults* faults) noexcept {
    // [io.faults] release: pairs with present().
    present_.store(faults, release);
  }

 private:
  static inline constinit Atomic<IoFaults*> present_{nullptr};
};

}  // namespace weft::inline v0::detail
