#include <weft/io/udp.hpp>

#include <netinet/in.h>

namespace weft::inline v0::detail {

ReceiveFrom::~ReceiveFrom() = default;

bool ReceiveFrom::next(IoRequest& request) noexcept {
  static_assert(sizeof(sockaddr_storage) <= kMost && kDatagramSocket == SOCK_DGRAM);
  if (has_received_) return false;
  message_ = {};
  message_.msg_name = address_.data();
  message_.msg_namelen = kMost;
  message_.msg_iov = &part_;
  message_.msg_iovlen = 1;
  request = {.code = IoCode::ReceiveMsg, .fd = fd_, .address = &message_};
  return true;
}

void ReceiveFrom::take(std::int32_t result) noexcept {
  if (result < 0) return fail(result);
  has_received_ = true;
  size_ = static_cast<std::size_t>(result);
}

IoSubject ReceiveFrom::subject() const noexcept { return subject_; }

io::Datagram ReceiveFrom::take_value() noexcept {
  const auto* const from = reinterpret_cast<const sockaddr*>(address_.data());
  return {size_, io::SocketAddress::from_native(from, message_.msg_namelen), (message_.msg_flags & MSG_TRUNC) != 0};
}

SendTo::~SendTo() = default;

bool SendTo::next(IoRequest& request) noexcept {
  if (is_sent_) return false;
  message_ = {};
  message_.msg_name = const_cast<sockaddr*>(to_.native());
  message_.msg_namelen = to_.native_size();
  message_.msg_iov = &part_;
  message_.msg_iovlen = 1;
  request = {.code = IoCode::SendMsg, .fd = fd_, .flags = MSG_NOSIGNAL, .address = &message_};
  return true;
}

void SendTo::take(std::int32_t result) noexcept {
  if (result < 0) return fail(result);
  is_sent_ = true;
}

IoSubject SendTo::subject() const noexcept { return {"send", &to_, &describe_address}; }

io::Descriptor bind_udp(const io::SocketAddress& address, const io::UdpOptions& options) {
  const IoSubject subject{"bind", &address, &describe_address};
  io::Descriptor made = make_socket(SOCK_DGRAM, address, "bind");
  const int fd = made.number();
  if (options.reuse_address) set_socket_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, subject);
  if (options.reuse_port) set_socket_option(fd, SOL_SOCKET, SO_REUSEPORT, 1, subject);
  if (address.family() == io::AddressFamily::IPv6) set_socket_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.is_v6_only ? 1 : 0, subject);
  bind_socket(fd, address, "bind");
  return made;
}

}  // namespace weft::inline v0::detail
