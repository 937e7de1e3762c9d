/// @file
/// RegisteredBuffer: memory that the kernel keeps ready for reads and writes of files.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/io/aligned_buffer.hpp>
#include <weft/io/request.hpp>

namespace weft::inline v0 {
namespace detail {

/// What drivers know registered memory by. Lifetime: longer than the operations on it.
class KnownMemory {
 public:
  WEFT_API KnownMemory(std::byte* data, std::size_t size) noexcept;
  KnownMemory(const KnownMemory&) = delete;
  KnownMemory& operator=(const KnownMemory&) = delete;
  /// Has all drivers let go of it.
  WEFT_API ~KnownMemory();

  /// Not zero, and of no other that there was.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  const std::uint64_t id_;
  std::byte* const data_;
  const std::size_t size_;
};

/// The request for a transfer into or from that memory.
[[nodiscard]] inline IoRequest within(const KnownMemory* memory, IoRequest transfer) noexcept {
  transfer.address_2 = memory;
  return transfer;
}

}  // namespace detail

namespace io {

/// A part of a RegisteredBuffer, for an operation. Lifetime: of the buffer.
class RegisteredBytes {
 public:
  [[nodiscard]] std::byte* data() const noexcept { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
  /// What comes from `at` on. Pre: at <= size().
  [[nodiscard]] RegisteredBytes subspan(std::size_t at) const noexcept { return {bytes_.subspan(at), memory_}; }
  /// What the drivers know it by.
  [[nodiscard]] const detail::KnownMemory* memory() const noexcept { return memory_; }

 private:
  friend class RegisteredBuffer;
  RegisteredBytes(std::span<std::byte> bytes, const detail::KnownMemory* memory) noexcept : bytes_(bytes), memory_(memory) {}

  std::span<std::byte> bytes_;
  const detail::KnownMemory* memory_;
};

/// Memory whose pages the kernel looks up once, and not for each operation: `co_await file.read_at(buffer.part(0, 4096), offset)`. It pays where that is
/// much of the work: direct I/O (OpenOptions::direct), and many small reads of what is in memory on some machines (perf/README.md).
///
/// The ring of a worker is told of it at the first operation there. Where that cannot be, operations are the ordinary ones, and give the same: with the epoll
/// backend; where the process may not lock so much memory (RLIMIT_MEMLOCK; each worker's ring counts once); beyond 1 GiB; beyond 64 such buffers in a ring.
///
/// Threads:  operations on parts from any, at once; moving and destroying by one.
/// Lifetime: until the operations on it have ended. When it goes, or a moment later, so does its lock.
/// Errors:   std::bad_alloc.
/// Cost:     the memory, which is locked as long as a ring knows it; one system call for each worker that uses it. Its bytes are not set to anything.
/// Source:   IORING_REGISTER_BUFFERS2 and IORING_OP_READ_FIXED of the Linux kernel.
class RegisteredBuffer {
 public:
  /// @param size       in bytes, rounded up
  /// @param alignment  a power of two
  explicit RegisteredBuffer(std::size_t size, std::size_t alignment = AlignedBuffer::kAlignment)
      : buffer_(size, alignment), memory_(std::make_unique<detail::KnownMemory>(buffer_.data(), buffer_.size())) {}
  RegisteredBuffer(RegisteredBuffer&& other) noexcept = default;
  RegisteredBuffer& operator=(RegisteredBuffer&& other) noexcept {
    memory_.swap(other.memory_);
    buffer_ = std::move(other.buffer_);  // which swaps, too
    return *this;
  }
  ~RegisteredBuffer() = default;

  /// A part of it, for an operation; what goes beyond its end is left out.
  [[nodiscard]] RegisteredBytes part(std::size_t at, std::size_t size) noexcept {
    const std::size_t begin = std::min(at, buffer_.size());
    return {bytes().subspan(begin, std::min(size, buffer_.size() - begin)), memory_.get()};
  }
  [[nodiscard]] RegisteredBytes whole() noexcept { return part(0, size()); }
  [[nodiscard]] std::size_t size() const noexcept { return buffer_.size(); }
  [[nodiscard]] std::span<std::byte> bytes() noexcept { return buffer_.bytes(); }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return buffer_.bytes(); }

 private:
  AlignedBuffer buffer_;
  std::unique_ptr<detail::KnownMemory> memory_;  // goes first
};

}  // namespace io
}  // namespace weft::inline v0
