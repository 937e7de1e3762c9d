/// @file
/// What tests put between the drivers and the kernel.
#pragma once

#include <cstdint>
#include <optional>

#include <weft/base/atomic.hpp>
#include <weft/io/request.hpp>

namespace weft::inline v0::detail {

/// What the kernel may do at any time, or one that is older than this one, when a test wants it; here: nothing of it. Threads: each member by any,
/// several at once.
class IoFaults {
 public:
  IoFaults() = default;
  IoFaults(const IoFaults&) = delete;
  IoFaults& operator=(const IoFaults&) = delete;
  virtual ~IoFaults() = default;

  /// How an operation ends without being done: the number of an error, negative.
  [[nodiscard]] virtual std::optional<std::int32_t> ended(const IoRequest& /*request*/) { return std::nullopt; }
  /// How many of the bytes, or of the buffers, that it may transfer it does, 1 at least. Pre: is_transfer().
  [[nodiscard]] virtual std::uint32_t shortened(const IoRequest& request) { return request.length; }
  /// Whether a call that does not block finds that it has to wait (EAGAIN), of a file for which one can. For epoll alone: what is in a ring waits there.
  [[nodiscard]] virtual bool must_wait(const IoRequest& /*request*/) { return false; }
  /// Whether the kernel takes nothing now, for want of memory.
  [[nodiscard]] virtual bool refuses_submission() { return false; }
  /// Whether completions that are there are seen only at a later look.
  [[nodiscard]] virtual bool is_late() { return false; }
  /// How many completions a ring that is made now has room for; 0: there is no memory for so many.
  [[nodiscard]] virtual unsigned completions(unsigned wanted) { return wanted; }
  /// Whether a ring that is made now may be woken by a message (IORING_REGISTER_SEND_MSG_RING, Linux 6.13).
  [[nodiscard]] virtual bool has_messages() { return true; }

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
