/// @file
/// UdpSocket: datagrams.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/io/address.hpp>
#include <weft/io/socket.hpp>
#include <weft/io/transfer.hpp>

namespace weft::inline v0 {
namespace io {

struct UdpOptions {
  bool reuse_address = false;  ///< of a multicast group: others on this machine may have the same address, and each gets what is sent to it
  bool reuse_port = false;     ///< other sockets with this option share the port, and the system spreads senders over them
  bool is_v6_only = false;     ///< of an IPv6 address: no IPv4
};

/// One that has been received.
struct Datagram {
  std::size_t size = 0;       ///< so much of it is in the buffer
  SocketAddress from;
  bool is_truncated = false;  ///< the rest did not fit, and is lost
};

}  // namespace io

namespace detail {

/// Waits for a datagram and whose it is.
class WEFT_API ReceiveFrom : public IoSeries {
 public:
  ReceiveFrom(int fd, std::span<std::byte> to, const IoSubject& subject) noexcept : fd_(fd), part_{to.data(), to.size()}, subject_(subject) {}
  ~ReceiveFrom() override;

 protected:
  bool next(IoRequest& request) noexcept override;
  void take(std::int32_t result) noexcept override;
  [[nodiscard]] IoSubject subject() const noexcept override;
  [[nodiscard]] io::Datagram take_value() noexcept;

 private:
  static constexpr std::size_t kMost = 128;  // of the largest address there is

  int fd_;
  iovec part_;
  IoSubject subject_;
  bool has_received_ = false;
  std::size_t size_ = 0;
  msghdr message_{};
  alignas(8) std::array<std::byte, kMost> address_{};
};

/// Sends one datagram.
class WEFT_API SendTo : public IoSeries {
 public:
  SendTo(int fd, std::span<const std::byte> from, const io::SocketAddress& to) noexcept
      : fd_(fd), part_{const_cast<std::byte*>(from.data()), from.size()}, to_(to) {}
  ~SendTo() override;

 protected:
  bool next(IoRequest& request) noexcept override;
  void take(std::int32_t result) noexcept override;
  [[nodiscard]] IoSubject subject() const noexcept override;

 private:
  int fd_;
  iovec part_;
  io::SocketAddress to_;
  bool is_sent_ = false;
  msghdr message_{};
};

[[nodiscard]] WEFT_API io::Descriptor bind_udp(const io::SocketAddress& address, const io::UdpOptions& options);

}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Sends and receives datagrams: each arrives whole or not at all.
///
/// Threads:  any number of tasks may send and receive at the same time.
/// Lifetime: as StreamSocket.
/// Errors:   as StreamSocket. A socket that is connected is told by "Connection refused" that nobody has received an earlier datagram.
/// Cost:     what the system takes; no allocation and no coroutine.
class UdpSocket : public Socket {
 public:
  /// None.
  UdpSocket() noexcept = default;

  /// Takes over a datagram socket, on which options have been set that are to be there before it has an address for example, and has its calls not
  /// block (O_NONBLOCK). If it is connected its peer is known.
  ///
  /// Errors: std::system_error: "weft: bind of (no address): Bad file descriptor", "Invalid argument" if it is of another kind; it is closed then.
  explicit UdpSocket(Descriptor file) : UdpSocket(detail::adopt_datagram_socket(std::move(file))) {}

  /// A socket with an address of its own; port 0: one that is free. Errors: std::system_error naming the address.
  [[nodiscard]] static UdpSocket bind(const SocketAddress& address, const UdpOptions& options = {}) {
    return UdpSocket({detail::bind_udp(address, options), SocketAddress()});
  }
  /// A socket that is connected. Errors: std::system_error naming the peer.
  [[nodiscard]] static UdpSocket connected_to(const SocketAddress& peer) {
    UdpSocket made({detail::make_socket(detail::kDatagramSocket, peer, "connect"), SocketAddress()});
    made.connect(peer);
    return made;
  }
  /// From here on send() goes to the peer, and what others send is not received. It does not wait. Errors: std::system_error.
  void connect(const SocketAddress& peer) {
    detail::connect_socket(native_handle(), peer);
    set_peer(peer);
  }

  [[nodiscard]] detail::SeriesCall<detail::SendTo> send_to(std::span<const std::byte> from, const SocketAddress& to) noexcept {
    return detail::SeriesCall<detail::SendTo>(native_handle(), from, to);
  }
  /// `co_await` gives a Datagram.
  [[nodiscard]] detail::SeriesCall<detail::ReceiveFrom, Datagram> receive_from(std::span<std::byte> to) noexcept {
    return detail::SeriesCall<detail::ReceiveFrom, Datagram>(native_handle(), to, subject("receive"));
  }
  /// Pre: it is connected.
  [[nodiscard]] detail::IoCall<std::size_t> send(std::span<const std::byte> from) noexcept {
    return {detail::transfer_request(detail::IoCode::Send, native_handle(), from.data(), from.size()), subject("send")};
  }
  /// `co_await` gives the size of the datagram, or of the buffer if that is smaller. 0: it was empty.
  [[nodiscard]] detail::IoCall<std::size_t> receive(std::span<std::byte> to) noexcept {
    return {detail::transfer_request(detail::IoCode::Receive, native_handle(), to.data(), to.size()), subject("receive")};
  }

 private:
  explicit UdpSocket(detail::ConnectedSocket made) noexcept : Socket(std::move(made.file), made.peer) {}
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
