/// @file
/// A request as system calls.
#pragma once

#include <cstdint>

#include <weft/io/request.hpp>

namespace weft::inline v0::detail {

/// Whether a request of this kind is done by the driver's thread at once, in a call that is marked as blocking: what it waits for is no peer but the
/// machine itself, a disk as a rule.
[[nodiscard]] bool is_done_at_once(IoCode code) noexcept;

/// Which events a request of the other kind waits for (of poll); 0: none, it never waits.
[[nodiscard]] std::uint32_t events_of(const IoRequest& request) noexcept;

/// Does it. @return  as the kernel's rings have it: what the call has returned, or the number of its error, negative; -EAGAIN: it would have to wait
[[nodiscard]] std::int32_t perform(const IoRequest& request) noexcept;

/// Whether the file can be read and written as io_uring would: at once or never, which is so for regular files and directories.
[[nodiscard]] bool is_always_ready(int fd) noexcept;

}  // namespace weft::inline v0::detail
