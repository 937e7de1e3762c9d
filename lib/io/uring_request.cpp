#include "io/uring_request.hpp"

namespace weft::inline v0::detail {

namespace {

// Since Linux 6.7 and 6.9, and not in the headers of liburing 2.3.
constexpr std::uint8_t kFutexWait = 51;  // IORING_OP_FUTEX_WAIT
constexpr std::uint8_t kTruncate = 55;   // IORING_OP_FTRUNCATE

constexpr std::uint64_t kAnyWaker = 0xffffffff;  // FUTEX_BITSET_MATCH_ANY

std::uint64_t number_of(const void* address) noexcept { return reinterpret_cast<std::uintptr_t>(address); }

std::uint8_t opcode_of(IoCode code) noexcept {
  switch (code) {
    case IoCode::Nop: return IORING_OP_NOP;
    case IoCode::Read: return IORING_OP_READ;
    case IoCode::Write: return IORING_OP_WRITE;
    case IoCode::ReadV: return IORING_OP_READV;
    case IoCode::WriteV: return IORING_OP_WRITEV;
    case IoCode::Fsync: return IORING_OP_FSYNC;
    case IoCode::Allocate: return IORING_OP_FALLOCATE;
    case IoCode::Truncate: return kTruncate;
    case IoCode::Open: return IORING_OP_OPENAT;
    case IoCode::Close: return IORING_OP_CLOSE;
    case IoCode::Stat: return IORING_OP_STATX;
    case IoCode::Rename: return IORING_OP_RENAMEAT;
    case IoCode::Unlink: return IORING_OP_UNLINKAT;
    case IoCode::MakeDir: return IORING_OP_MKDIRAT;
    case IoCode::Receive: return IORING_OP_RECV;
    case IoCode::Send: return IORING_OP_SEND;
    case IoCode::ReceiveChosen: return IORING_OP_RECV;
    case IoCode::ReceiveMsg: return IORING_OP_RECVMSG;
    case IoCode::SendMsg: return IORING_OP_SENDMSG;
    case IoCode::Accept: return IORING_OP_ACCEPT;
    case IoCode::Connect: return IORING_OP_CONNECT;
    case IoCode::Poll: return IORING_OP_POLL_ADD;
    case IoCode::FutexWait: return kFutexWait;
  }
  return IORING_OP_NOP;
}

}  // namespace

void fill_in(io_uring_sqe& to, const IoRequest& request) noexcept {
  to.opcode = opcode_of(request.code);
  to.fd = request.fd;
  to.addr = number_of(request.address);
  to.len = request.length;
  switch (request.code) {
    case IoCode::Read:
    case IoCode::Write:
    case IoCode::ReadV:
    case IoCode::WriteV:
    case IoCode::Truncate:
      to.off = request.offset;
      break;
    case IoCode::Allocate:
      to.off = request.offset;
      to.addr = request.length_64;
      to.len = request.mode;
      break;
    case IoCode::Fsync:
      to.fsync_flags = request.flags != 0 ? unsigned{IORING_FSYNC_DATASYNC} : 0;
      break;
    case IoCode::Open:
      to.len = request.mode;
      to.open_flags = request.flags;
      break;
    case IoCode::MakeDir:
      to.len = request.mode;
      break;
    case IoCode::Stat:
      to.len = request.mode;
      to.off = number_of(request.address_2);
      to.statx_flags = request.flags;
      break;
    case IoCode::Rename:
      to.len = static_cast<std::uint32_t>(request.fd_2);
      to.off = number_of(request.address_2);
      to.rename_flags = request.flags;
      break;
    case IoCode::Unlink:
      to.unlink_flags = request.flags;
      break;
    case IoCode::Receive:
    case IoCode::Send:
      to.msg_flags = request.flags;
      break;
    case IoCode::ReceiveChosen:
      to.flags = IOSQE_BUFFER_SELECT;
      to.buf_group = kBufferGroup;
      to.msg_flags = request.flags;
      break;
    case IoCode::ReceiveMsg:
    case IoCode::SendMsg:
      to.len = 1;
      to.msg_flags = request.flags;
      break;
    case IoCode::Accept:
      to.addr2 = number_of(request.address_2);
      to.accept_flags = request.flags;
      break;
    case IoCode::Connect:
      to.len = 0;
      to.off = request.length;
      break;
    case IoCode::Poll:
      // The kernel wants the halves the other way round on machines of the other byte order.
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
      to.poll32_events = request.flags << 16 | request.flags >> 16;
#else
      to.poll32_events = request.flags;
#endif
      break;
    case IoCode::FutexWait:
      to.off = request.offset;
      to.addr3 = kAnyWaker;
      break;
    case IoCode::Nop:
    case IoCode::Close:
      break;
  }
}

}  // namespace weft::inline v0::detail
