/// @file
/// SocketAddress: where a socket is. resolve: the addresses of a name.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/base/platform.hpp>
#include <weft/coro/blocking.hpp>
#include <weft/coro/task.hpp>

struct sockaddr;

namespace weft::inline v0 {
namespace io {

enum class AddressFamily : std::uint8_t { None, IPv4, IPv6, Unix };

/// The address of a socket: IPv4, IPv6 or Unix.
///
/// As text: "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "unix:/run/socket", and "unix:@name" for a name that is in no file system (an abstract
/// one).
class SocketAddress {
 public:
  /// None.
  SocketAddress() noexcept = default;

  /// Reads the form that is described above; names of machines are for resolve(). Errors: std::system_error naming the text.
  [[nodiscard]] WEFT_API static SocketAddress parse(std::string_view text);
  /// The same; nothing if it is no address.
  [[nodiscard]] WEFT_API static std::optional<SocketAddress> try_parse(std::string_view text) noexcept;

  /// 127.0.0.1; port 0: any that is free.
  [[nodiscard]] WEFT_API static SocketAddress loopback(std::uint16_t port) noexcept;
  /// ::1
  [[nodiscard]] WEFT_API static SocketAddress loopback_v6(std::uint16_t port) noexcept;
  /// All addresses that this machine has, by IPv4.
  [[nodiscard]] WEFT_API static SocketAddress any(std::uint16_t port) noexcept;
  /// The same by IPv6, and by IPv4 too unless TcpListenOptions or UdpOptions say otherwise.
  [[nodiscard]] WEFT_API static SocketAddress any_v6(std::uint16_t port) noexcept;
  /// A Unix socket that is a file. Errors: std::system_error if the path is too long for one (107 bytes).
  [[nodiscard]] WEFT_API static SocketAddress unix_path(std::string_view path);
  /// A Unix socket whose name is in no file system. Errors: as unix_path.
  [[nodiscard]] WEFT_API static SocketAddress unix_abstract(std::string_view name);
  /// As the system has it. None if it is of another family.
  [[nodiscard]] WEFT_API static SocketAddress from_native(const ::sockaddr* address, std::size_t size) noexcept;

  [[nodiscard]] WEFT_API AddressFamily family() const noexcept;
  [[nodiscard]] explicit operator bool() const noexcept { return size_ != 0; }
  /// 0: it has none.
  [[nodiscard]] WEFT_API std::uint16_t port() const noexcept;
  /// The same with another port. Pre: IPv4 or IPv6.
  [[nodiscard]] WEFT_API SocketAddress with_port(std::uint16_t port) const noexcept;
  /// The path or the name of a Unix socket; empty for one that has none, and for all others.
  [[nodiscard]] WEFT_API std::string_view path() const noexcept;
  [[nodiscard]] WEFT_API bool is_abstract() const noexcept;
  [[nodiscard]] WEFT_API std::string to_string() const;

  [[nodiscard]] const ::sockaddr* native() const noexcept { return reinterpret_cast<const ::sockaddr*>(bytes_.data()); }
  [[nodiscard]] std::uint32_t native_size() const noexcept { return size_; }
  /// AF_INET, ...
  [[nodiscard]] WEFT_API int native_family() const noexcept;

  [[nodiscard]] friend bool operator==(const SocketAddress& left, const SocketAddress& right) noexcept {
    return left.bytes() == right.bytes();
  }
  /// Some order, for std::map and the like.
  [[nodiscard]] friend std::strong_ordering operator<=>(const SocketAddress& left, const SocketAddress& right) noexcept {
    return left.bytes() <=> right.bytes();
  }

 private:
  friend struct std::hash<SocketAddress>;
  static constexpr std::size_t kMost = 112;  // a sockaddr_un and the zero that ends its path

  [[nodiscard]] std::string_view bytes() const noexcept { return {bytes_.data(), size_}; }

  alignas(8) std::array<char, kMost> bytes_{};
  std::uint32_t size_ = 0;
};

}  // namespace io

namespace detail {

/// Blocks. Errors: see io::resolve().
[[nodiscard]] WEFT_API std::vector<io::SocketAddress> resolve_here(const std::string& host, const std::string& service);

}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// The addresses of a machine, as the system's resolver gives them (getaddrinfo), the best first. It may take seconds.
///
/// @param host     a name, or an address without a port
/// @param service  a port, or the name of one ("http")
/// Threads: a coroutine. The call blocks its thread as blocking() does.
/// Errors:  std::system_error of resolve_category(): "weft: resolve of no.such.host:80: Name or service not known". A stop request does not end it.
/// Cost:    a coroutine frame; otherwise the resolver's.
[[nodiscard("co_await it")]] inline Task<std::vector<SocketAddress>> resolve(std::string host, std::string service) {
  auto ask = [&] { return detail::resolve_here(host, service); };
  co_return co_await blocking(ask);
}
[[nodiscard("co_await it")]] inline Task<std::vector<SocketAddress>> resolve(std::string host, std::uint16_t port) {
  return resolve(std::move(host), std::to_string(port));
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0

/// Addresses as keys: `std::unordered_map<weft::io::SocketAddress, Session>`.
template <>
struct std::hash<weft::io::SocketAddress> {
  [[nodiscard]] std::size_t operator()(const weft::io::SocketAddress& address) const noexcept { return std::hash<std::string_view>()(address.bytes()); }
};
