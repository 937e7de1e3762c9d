/// @file
/// Buffers from which the kernel chooses one when something has come for which there is to be one.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include <weft/base/atomic.hpp>
#include <weft/io/received_bytes.hpp>
#include <weft/io/request.hpp>

namespace weft::inline v0::detail {

class UringRing;

/// Of one ring. Lifetime: until the driver, for which the ring has gone by then, has left them, and what was received into them has been given back.
class UringBuffers final : public BufferHome {
 public:
  struct Leave {
    void operator()(UringBuffers* buffers) const noexcept { buffers->leave(); }
  };
  using Owner = std::unique_ptr<UringBuffers, Leave>;

  /// By the ring's thread. Null: there is no memory, or this kernel cannot.
  [[nodiscard]] static Owner make(UringRing& ring) noexcept;

  /// Notes in a request, which has landed, which buffer is its. Threads: any, by the owner or while it has them.
  void note_used(IoRequest& request, std::uint32_t number) noexcept;
  void give_back(std::uint32_t number) noexcept override;

 private:
  static constexpr std::uint32_t kCount = 64;
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kMemory = kPage + kCount * kReceivedAtOnce;
  static_assert(kCount * sizeof(io_uring_buf) <= kPage && (kCount & (kCount - 1)) == 0);

  explicit UringBuffers(void* memory) noexcept : memory_(static_cast<std::byte*>(memory)) {}
  ~UringBuffers() override;
  void leave() noexcept;
  [[nodiscard]] std::byte* buffer(std::uint32_t number) const noexcept { return memory_ + kPage + number * kReceivedAtOnce; }
  /// What the kernel takes them from, in order.
  [[nodiscard]] io_uring_buf* entries() const noexcept { return reinterpret_cast<io_uring_buf*>(memory_); }
  void put(std::uint32_t number) noexcept;

  std::byte* const memory_;
  std::mutex mutex_;
  std::uint16_t tail_ = 0;  // guarded by mutex_
  Atomic<std::uint32_t> users_{1};  // the driver, and each buffer that is out
};

}  // namespace weft::inline v0::detail
