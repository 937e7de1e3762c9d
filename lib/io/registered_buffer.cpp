#include <weft/io/registered_buffer.hpp>

#include <mutex>

#include "io/memory_users.hpp"
#include <weft/base/atomic.hpp>

namespace weft::inline v0::detail {

namespace {

// Buffers may be global variables, and go last.
constinit std::mutex users_mutex;
constinit MemoryUser* first_user = nullptr;  // guarded by users_mutex

std::uint64_t next_id() noexcept {
  static constinit Atomic<std::uint64_t> last{0};
  // relaxed: each gets another one.
  return last.fetch_add(1, relaxed) + 1;
}

}  // namespace

KnownMemory::KnownMemory(std::byte* data, std::size_t size) noexcept : id_(next_id()), data_(data), size_(size) {}

KnownMemory::~KnownMemory() {
  const std::lock_guard lock(users_mutex);
  for (MemoryUser* user = first_user; user != nullptr; user = user->next_) user->forget(id_);
}

void MemoryUser::join() noexcept {
  const std::lock_guard lock(users_mutex);
  next_ = first_user;
  first_user = this;
}

void MemoryUser::leave() noexcept {
  const std::lock_guard lock(users_mutex);
  MemoryUser** at = &first_user;
  while (*at != this) at = &(*at)->next_;
  *at = next_;
}

}  // namespace weft::inline v0::detail
