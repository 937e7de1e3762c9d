/// @file
/// EventFd: a counter of the kernel's, for what a descriptor is needed for.
#pragma once

#include <cstdint>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/io/descriptor.hpp>
#include <weft/io/when_ready.hpp>

namespace weft::inline v0 {
namespace detail {

class WaitForEvents : public ReadWhenReady {
 public:
  explicit WaitForEvents(int fd) noexcept : ReadWhenReady(fd, sizeof(std::uint64_t), {"wait for an eventfd"}) {}
  WEFT_API ~WaitForEvents() override;

 protected:
  [[nodiscard]] std::uint64_t take_value() const noexcept { return read_value<std::uint64_t>(); }
};

[[nodiscard]] WEFT_API io::Descriptor make_event_fd(std::uint64_t value);
WEFT_API void add_events(int fd, std::uint64_t count);

}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Counts events, and lets who waits go on when there are some: from a thread, a library or a driver that knows nothing of weft but a descriptor.
/// Among tasks Event and Counter are faster.
///
/// Threads:  any number may add and wait at the same time; one of those who wait gets all that there is.
/// Lifetime: it is neither moved nor closed while somebody waits.
class EventFd {
 public:
  /// Errors: std::system_error.
  explicit EventFd(std::uint64_t value = 0) : file_(detail::make_event_fd(value)) {}
  /// Takes over one that somebody else has made, which must not block (EFD_NONBLOCK).
  explicit EventFd(Descriptor file) noexcept : file_(std::move(file)) {}

  /// Adds events, without waiting. Errors: std::system_error if the count would be more than 2^64 - 2.
  void add(std::uint64_t count = 1) { detail::add_events(file_.number(), count); }

  /// Waits until there are events, and takes them all. `co_await` gives how many.
  ///
  /// Errors: std::system_error; OperationCancelled after a stop request, and nothing has been taken (but what
  ///         when_any drops).
  /// Cost:   two system calls; no allocation.
  [[nodiscard]] detail::SeriesCall<detail::WaitForEvents, std::uint64_t> wait() noexcept {
    return detail::SeriesCall<detail::WaitForEvents, std::uint64_t>(file_.number());
  }

  [[nodiscard]] int native_handle() const noexcept { return file_.number(); }

 private:
  Descriptor file_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
