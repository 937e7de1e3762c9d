/// @file
/// Errors of input and output that the system has no number for.
#pragma once

#include <system_error>

#include <weft/base/platform.hpp>
#include <weft/io/call.hpp>

namespace weft::inline v0 {
namespace io {

enum class Errc {
  UnexpectedEnd = 1,  ///< the stream has ended before all that was asked for had come
};

/// Of the error codes that come from Errc.
[[nodiscard]] WEFT_API const std::error_category& error_category() noexcept;
/// Of the error codes that resolve() gives: their numbers are those of getaddrinfo.
[[nodiscard]] WEFT_API const std::error_category& resolve_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc error) noexcept { return {static_cast<int>(error), error_category()}; }

}  // namespace io

namespace detail {

/// Errors: std::system_error with what was done to what, and the code.
[[noreturn]] WEFT_API void throw_io_error(std::error_code code, const IoSubject& subject);

}  // namespace detail
}  // namespace weft::inline v0

template <>
struct std::is_error_code_enum<weft::io::Errc> : std::true_type {};
