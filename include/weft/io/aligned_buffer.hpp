/// @file
/// AlignedBuffer: memory for direct I/O.
#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <utility>

namespace weft::inline v0::io {

/// Memory that begins at a multiple of an alignment and is as long as a multiple of it, as direct I/O wants it.
///
/// Threads:  one at a time.
/// Errors:   std::bad_alloc.
/// Cost:     one allocation. The bytes are not set to anything.
class AlignedBuffer {
 public:
  /// What suits the direct I/O of all disks that there are; FileInfo::direct_alignment() is what a file needs.
  static constexpr std::size_t kAlignment = 4096;

  AlignedBuffer() noexcept = default;
  /// @param size       rounded up
  /// @param alignment  a power of two
  explicit AlignedBuffer(std::size_t size, std::size_t alignment = kAlignment)
      : size_(rounded_up(size, alignment)),
        alignment_(alignment),
        data_(static_cast<std::byte*>(::operator new(size_, std::align_val_t(alignment)))) {}
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : size_(std::exchange(other.size_, 0)), alignment_(other.alignment_), data_(std::exchange(other.data_, nullptr)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(alignment_, other.alignment_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~AlignedBuffer() {
    if (data_ != nullptr) ::operator delete(data_, std::align_val_t(alignment_));
  }

  [[nodiscard]] std::byte* data() noexcept { return data_; }
  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t alignment() const noexcept { return alignment_; }
  [[nodiscard]] std::span<std::byte> bytes() noexcept { return {data_, size_}; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

 private:
  static std::size_t rounded_up(std::size_t size, std::size_t alignment) {
    // Otherwise it would come out small.
    if (size > ~std::size_t{0} - (alignment - 1)) throw std::bad_alloc();
    return (size + alignment - 1) / alignment * alignment;
  }

  std::size_t size_ = 0;
  std::size_t alignment_ = kAlignment;
  std::byte* data_ = nullptr;
};

}  // namespace weft::inline v0::io
