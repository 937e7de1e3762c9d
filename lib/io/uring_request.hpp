/// @file
/// A request as io_uring takes it.
#pragma once

#include <liburing.h>

#include <cstdint>

#include <weft/io/request.hpp>

namespace weft::inline v0::detail {

/// The buffers that a ring offers are one group (IORING_REGISTER_PBUF_RING).
inline constexpr std::uint16_t kBufferGroup = 0;

/// Fills in everything but whose it is. Pre: `to` is cleared.
void fill_in(io_uring_sqe& to, const IoRequest& request) noexcept;

}  // namespace weft::inline v0::detail
