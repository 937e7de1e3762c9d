/// @file
/// A system call as data.
#pragma once

#include <cstdint>

namespace weft::inline v0::detail {

/// What the kernel is asked to do. The comments say what the members of a request mean, where it is not what their names say; `result` as the call
/// returns it, or an error number, negative.
enum class IoCode : std::uint8_t {
  Nop,        // nothing; result 0
  Read,       // address, length, offset: kNoOffset is the file's own position, or there is none; address_2: the KnownMemory that it is in, or null
  Write,      //
  ReadV,      // address: iovec, length: how many
  WriteV,     //
  Fsync,      // flags: 1: the data only
  Allocate,   // offset, length_64
  Truncate,   // offset: the length it is to have
  Open,       // fd: of the directory; address: path, flags, mode
  Close,      //
  Stat,       // fd, address: path, flags, mode: mask, address_2: struct statx
  Rename,     // fd, address: path, fd_2, address_2: path, flags
  Unlink,     // fd, address: path, flags
  MakeDir,    // fd, address: path, mode
  Receive,    // address, length, flags
  Send,       //
  ReceiveChosen,  // flags; afterwards address: the buffer, address_2: its BufferHome, mode: its number; -ENOBUFS: there is none
  ReceiveMsg, // address: msghdr, flags
  SendMsg,    //
  Accept,     // fd: calls of it do not block; address: sockaddr or null, address_2: socklen_t, flags
  Connect,    // address: sockaddr, length
  Poll,       // flags: events; result: those that there are
  FutexWait,  // fd: flags of futex2; address: the word; offset: the value it is to have
};

struct IoRequest {
  static constexpr std::uint64_t kNoOffset = ~std::uint64_t{0};

  IoCode code = IoCode::Nop;
  int fd = -1;
  int fd_2 = -1;
  std::uint32_t length = 0;
  std::uint32_t flags = 0;
  std::uint32_t mode = 0;
  const void* address = nullptr;
  const void* address_2 = nullptr;
  std::uint64_t offset = kNoOffset;
  std::uint64_t length_64 = 0;
};

/// Whether less than its length, in bytes or buffers, may be done without an error.
[[nodiscard]] constexpr bool is_transfer(IoCode code) noexcept {
  switch (code) {
    case IoCode::Read:
    case IoCode::Write:
    case IoCode::ReadV:
    case IoCode::WriteV:
    case IoCode::Receive:
    case IoCode::Send: return true;
    default: return false;
  }
}

}  // namespace weft::inline v0::detail
