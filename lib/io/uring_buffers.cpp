#include "io/uring_buffers.hpp"

#include <sys/mman.h>

#include <new>

#include "io/uring_ring.hpp"
#include <weft/base/atomic.hpp>

namespace weft::inline v0::detail {

UringBuffers::Owner UringBuffers::make(UringRing& ring) noexcept {
  void* const memory = ::mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  Owner buffers(new (std::nothrow) UringBuffers(memory));
  if (buffers == nullptr) {
    ::munmap(memory, kMemory);
    return nullptr;
  }
  if (!ring.offer_buffers(memory, kCount)) return nullptr;
  for (std::uint32_t number = 0; number < kCount; ++number) buffers->put(number);
  return buffers;
}

UringBuffers::~UringBuffers() { ::munmap(memory_, kMemory); }

void UringBuffers::leave() noexcept {
  // [uring.buffers] acq_rel: whoever frees the memory has all others' uses behind it; partners: the same of them.
  if (users_.fetch_sub(1, acq_rel) == 1) delete this;
}

void UringBuffers::note_used(IoRequest& request, std::uint32_t number) noexcept {
  // relaxed: the driver is a user itself meanwhile.
  users_.fetch_add(1, relaxed);
  request.address = buffer(number);
  request.address_2 = static_cast<BufferHome*>(this);
  request.mode = number;
}

void UringBuffers::give_back(std::uint32_t number) noexcept {
  {
    // Where the ring has gone nobody takes it, but the memory is there.
    const std::lock_guard lock(mutex_);
    put(number);
  }
  // [uring.buffers] acq_rel: in leave().
  leave();
}

void UringBuffers::put(std::uint32_t number) noexcept {
  io_uring_buf& entry = entries()[tail_ & (kCount - 1)];
  entry.addr = reinterpret_cast<std::uintptr_t>(buffer(number));
  entry.len = kReceivedAtOnce;
  entry.bid = static_cast<std::uint16_t>(number);
  ++tail_;
  // The kernel has the end of the row in a member of the first entry that it does not use otherwise.
  // [uring.requests] release: the entry is complete, and nobody reads the buffer any more; partner: the kernel's acquire.
  AtomicRef(entries()[0].resv).store(tail_, release);
}

}  // namespace weft::inline v0::detail
