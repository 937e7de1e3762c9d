#include <weft/io/address.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>

#include <weft/io/error.hpp>

namespace weft::inline v0 {
namespace io {

namespace {

constexpr std::size_t kPathAt = offsetof(sockaddr_un, sun_path);
constexpr std::string_view kUnix = "unix:";

template <class Native>
Native native_of(const SocketAddress& address) noexcept {
  Native native{};
  std::memcpy(&native, address.native(), std::min<std::size_t>(sizeof native, address.native_size()));
  return native;
}

template <class Native>
SocketAddress address_of(const Native& native, std::size_t size = sizeof(Native)) noexcept {
  return SocketAddress::from_native(reinterpret_cast<const sockaddr*>(&native), size);
}

SocketAddress v4(std::uint32_t host, std::uint16_t port) noexcept {
  sockaddr_in native{};
  native.sin_family = AF_INET;
  native.sin_port = htons(port);
  native.sin_addr.s_addr = htonl(host);
  return address_of(native);
}

SocketAddress v6(const in6_addr& host, std::uint16_t port, std::uint32_t scope = 0) noexcept {
  sockaddr_in6 native{};
  native.sin6_family = AF_INET6;
  native.sin6_port = htons(port);
  native.sin6_addr = host;
  native.sin6_scope_id = scope;
  return address_of(native);
}

std::optional<SocketAddress> unix_address(std::string_view path, bool is_abstract) noexcept {
  sockaddr_un native{};
  native.sun_family = AF_UNIX;
  // Both need one byte more than the text: a zero before an abstract name, one behind a path.
  if (path.empty() || path.size() >= sizeof native.sun_path || path.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(native.sun_path + (is_abstract ? 1 : 0), path.data(), path.size());
  return address_of(native, kPathAt + path.size() + 1);
}

template <class Number>
std::optional<Number> number_in(std::string_view text) noexcept {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// inet_pton, of a text that does not end in a zero.
bool read_host(int family, std::string_view text, void* to) noexcept {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size() || text.find('\0') != text.npos) return false;
  std::copy(text.begin(), text.end(), copy.begin());
  return ::inet_pton(family, copy.data(), to) == 1;
}

std::optional<std::uint32_t> scope_in(std::string_view text) noexcept {
  if (const auto number = number_in<std::uint32_t>(text)) return number;
  std::array<char, IF_NAMESIZE> name{};
  if (text.empty() || text.size() >= name.size() || text.find('\0') != text.npos) return std::nullopt;
  std::copy(text.begin(), text.end(), name.begin());
  const std::uint32_t index = ::if_nametoindex(name.data());
  if (index == 0) return std::nullopt;
  return index;
}

/// What stands between the brackets, and the port.
std::optional<SocketAddress> read_v6(std::string_view host, std::uint16_t port) noexcept {
  std::uint32_t scope = 0;
  if (const std::size_t percent = host.find('%'); percent != std::string_view::npos) {
    const auto found = scope_in(host.substr(percent + 1));
    if (!found) return std::nullopt;
    scope = *found;
    host = host.substr(0, percent);
  }
  in6_addr bytes{};
  if (!read_host(AF_INET6, host, &bytes)) return std::nullopt;
  return v6(bytes, port, scope);
}

[[noreturn]] void throw_bad_address(std::string_view text, int error, const char* why) {
  throw std::system_error(error, std::system_category(), "weft: '" + std::string(text) + "' is no address of a socket: " + why);
}

std::string text_of(int family, const void* host) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(family, host, text.data(), text.size()) != nullptr ? text.data() : "?";
}

std::string scope_text(std::uint32_t scope) {
  std::string text;
  if (scope == 0) return text;
  std::array<char, IF_NAMESIZE> name{};
  text += '%';
  text += ::if_indextoname(scope, name.data()) != nullptr ? std::string(name.data()) : std::to_string(scope);
  return text;
}

}  // namespace

std::optional<SocketAddress> SocketAddress::try_parse(std::string_view text) noexcept {
  if (text.substr(0, kUnix.size()) == kUnix) {
    text.remove_prefix(kUnix.size());
    const bool is_abstract = !text.empty() && text.front() == '@';
    return unix_address(is_abstract ? text.substr(1) : text, is_abstract);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = number_in<std::uint16_t>(text.substr(colon + 1));
  const std::string_view host = text.substr(0, colon);
  if (!port || host.empty()) return std::nullopt;
  if (host.front() == '[' && host.back() == ']') return read_v6(host.substr(1, host.size() - 2), *port);
  in_addr bytes{};
  if (!read_host(AF_INET, host, &bytes)) return std::nullopt;
  return v4(ntohl(bytes.s_addr), *port);
}

SocketAddress SocketAddress::parse(std::string_view text) {
  if (const auto address = try_parse(text)) return *address;
  throw_bad_address(text, EINVAL, "wanted 127.0.0.1:80, [::1]:80, unix:/a/path or unix:@name");
}

SocketAddress SocketAddress::loopback(std::uint16_t port) noexcept { return v4(INADDR_LOOPBACK, port); }
SocketAddress SocketAddress::loopback_v6(std::uint16_t port) noexcept { return v6(in6addr_loopback, port); }
SocketAddress SocketAddress::any(std::uint16_t port) noexcept { return v4(INADDR_ANY, port); }
SocketAddress SocketAddress::any_v6(std::uint16_t port) noexcept { return v6(in6addr_any, port); }

SocketAddress SocketAddress::unix_path(std::string_view path) {
  if (const auto address = unix_address(path, false)) return *address;
  throw_bad_address(path, ENAMETOOLONG, "a path is of 1 to 107 bytes");
}

SocketAddress SocketAddress::unix_abstract(std::string_view name) {
  if (const auto address = unix_address(name, true)) return *address;
  throw_bad_address(name, ENAMETOOLONG, "a name is of 1 to 107 bytes");
}

SocketAddress SocketAddress::from_native(const sockaddr* address, std::size_t size) noexcept {
  static_assert(sizeof(sockaddr_un) <= kMost && sizeof(sockaddr_in6) <= kMost);
  SocketAddress made;
  if (address == nullptr || size < sizeof address->sa_family) return made;
  const int family = address->sa_family;
  const bool is_whole = family == AF_INET ? size >= sizeof(sockaddr_in) : family == AF_INET6 ? size >= sizeof(sockaddr_in6) : family == AF_UNIX;
  if (!is_whole) return made;
  made.size_ = static_cast<std::uint32_t>(std::min(size, kMost));
  std::memcpy(made.bytes_.data(), address, made.size_);
  return made;
}

int SocketAddress::native_family() const noexcept { return size_ == 0 ? AF_UNSPEC : native()->sa_family; }

AddressFamily SocketAddress::family() const noexcept {
  switch (native_family()) {
    case AF_INET: return AddressFamily::IPv4;
    case AF_INET6: return AddressFamily::IPv6;
    case AF_UNIX: return AddressFamily::Unix;
    default: return AddressFamily::None;
  }
}

std::uint16_t SocketAddress::port() const noexcept {
  switch (family()) {
    case AddressFamily::IPv4: return ntohs(native_of<sockaddr_in>(*this).sin_port);
    case AddressFamily::IPv6: return ntohs(native_of<sockaddr_in6>(*this).sin6_port);
    default: return 0;
  }
}

SocketAddress SocketAddress::with_port(std::uint16_t port) const noexcept {
  if (family() == AddressFamily::IPv4) return v4(ntohl(native_of<sockaddr_in>(*this).sin_addr.s_addr), port);
  if (family() != AddressFamily::IPv6) return *this;
  const auto native = native_of<sockaddr_in6>(*this);
  return v6(native.sin6_addr, port, native.sin6_scope_id);
}

bool SocketAddress::is_abstract() const noexcept { return family() == AddressFamily::Unix && size_ > kPathAt && bytes_[kPathAt] == '\0'; }

std::string_view SocketAddress::path() const noexcept {
  if (family() != AddressFamily::Unix || size_ <= kPathAt) return {};
  const std::string_view whole(bytes_.data() + kPathAt, size_ - kPathAt);
  if (is_abstract()) return whole.substr(1);  // zeros in it are a part of it
  return whole.substr(0, std::min(whole.size(), whole.find('\0')));
}

std::string SocketAddress::to_string() const {
  switch (family()) {
    case AddressFamily::IPv4: {
      const auto native = native_of<sockaddr_in>(*this);
      return text_of(AF_INET, &native.sin_addr) + ":" + std::to_string(port());
    }
    case AddressFamily::IPv6: {
      const auto native = native_of<sockaddr_in6>(*this);
      // By parts: gcc 12 warns of a mistake of its own where a literal stands before a string.
      std::string text = "[";
      text += text_of(AF_INET6, &native.sin6_addr);
      text += scope_text(native.sin6_scope_id);
      text += "]:";
      return text += std::to_string(port());
    }
    case AddressFamily::Unix: {
      const std::string_view name = path();
      return std::string(kUnix).append(is_abstract() ? "@" : "").append(name.empty() ? "(unnamed)" : name);
    }
    case AddressFamily::None: break;
  }
  return "(no address)";
}

}  // namespace io

namespace detail {

std::vector<io::SocketAddress> resolve_here(const std::string& host, const std::string& service) {
  if (host.find('\0') != host.npos || service.find('\0') != service.npos) {
    throw std::system_error(EAI_NONAME, io::resolve_category(), "weft: resolve of a name with a zero byte");
  }
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;  // or each address would be there once for each kind of socket
  addrinfo* first = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), service.c_str(), &wanted, &first); error != 0) {
    const int number = errno;
    const std::string text = "weft: resolve of " + host + ":" + service;
    if (error == EAI_SYSTEM) throw std::system_error(number, std::system_category(), text);
    throw std::system_error(error, io::resolve_category(), text);
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(first, ::freeaddrinfo);
  std::vector<io::SocketAddress> all;
  for (const addrinfo* one = first; one != nullptr; one = one->ai_next) {
    const auto address = io::SocketAddress::from_native(one->ai_addr, one->ai_addrlen);
    if (address && std::find(all.begin(), all.end(), address) == all.end()) all.push_back(address);
  }
  // Addresses of other families only: there is none that a socket here could have.
  if (all.empty()) throw std::system_error(EAI_NONAME, io::resolve_category(), "weft: resolve of " + host + ":" + service);
  return all;
}

}  // namespace detail
}  // namespace weft::inline v0
