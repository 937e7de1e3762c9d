/// @file
/// Who is told when registered memory goes.
#pragma once

#include <cstdint>

namespace weft::inline v0::detail {

/// Threads: made and destroyed by its owner, on any; forget(): any.
class MemoryUser {
 public:
  virtual ~MemoryUser() = default;
  MemoryUser(const MemoryUser&) = delete;
  MemoryUser& operator=(const MemoryUser&) = delete;

 protected:
  MemoryUser() noexcept = default;
  /// Between these two it is told. The second waits for a call that is under way.
  void join() noexcept;
  void leave() noexcept;

 private:
  friend class KnownMemory;

  /// Memory of that id is about to go, and no operation uses it.
  virtual void forget(std::uint64_t id) noexcept = 0;

  MemoryUser* next_ = nullptr;
};

}  // namespace weft::inline v0::detail
