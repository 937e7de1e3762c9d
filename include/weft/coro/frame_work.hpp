/// @file
/// Spawned work that belongs to a frame of the program: `{.frame = true}`.
#pragma once

#include <concepts>
#include <cstddef>
#include <new>
#include <source_location>
#include <utility>

#include <weft/base/assert.hpp>
#include <weft/coro/task.hpp>
#include <weft/mem/frame_arena.hpp>

namespace weft::inline v0 {

/// Whether spawned work belongs to the frame that runs now (FrameArena), and where that was said. Made of a bool: `{.frame = true}`.
class FrameOption {
 public:
  constexpr FrameOption() noexcept = default;
  template <std::same_as<bool> Bool>  // what only converts to bool was meant otherwise
  constexpr FrameOption(Bool belongs, const std::source_location& where = std::source_location::current()) noexcept
      : belongs_(belongs), where_(where) {}

  [[nodiscard]] constexpr explicit operator bool() const noexcept { return belongs_; }
  [[nodiscard]] constexpr const std::source_location& where() const noexcept { return where_; }

 private:
  bool belongs_ = false;
  std::source_location where_ = {};
};

namespace detail {
inline namespace WEFT_ASSERTS_NAMESPACE {

/// The memory of a callable that belongs to a frame: it is in that frame's arena, and behind a tag where there are internal checks.
struct FrameLived {
  static void* operator new(std::size_t bytes, FrameArena& arena, [[maybe_unused]] const std::source_location& where) {
#if WEFT_ASSERTS >= 1
    return ::new (arena.allocate(sizeof(FrameTag) + bytes, alignof(FrameTag))) FrameTag(where) + 1;
#else
    return arena.allocate(bytes);
#endif
  }
  static void operator delete(void* job, std::size_t bytes) noexcept { FrameArena::end_block(job, bytes); }
  static void operator delete(void* /*job*/, FrameArena& /*arena*/, const std::source_location& /*where*/) noexcept {}

  [[nodiscard]] static FrameTag* tag_of([[maybe_unused]] void* job) noexcept {
#if WEFT_ASSERTS >= 1
    return std::launder(static_cast<FrameTag*>(job)) - 1;
#else
    return nullptr;
#endif
  }
};

/// Work that belongs to a frame from the construction of this until its end. One that was default-constructed says nothing.
class FrameMember {
 public:
  FrameMember() noexcept = default;
  /// Pre: nobody ends the frame meanwhile. Errors: std::bad_alloc.
  FrameMember(FrameArena& arena, [[maybe_unused]] const std::source_location& where) : arena_(&arena) {
#if WEFT_ASSERTS >= 1
    tag_ = arena.make<FrameTag>(where);
    arena.work_started(tag_);
#else
    arena.work_started(nullptr);
#endif
  }
  FrameMember(FrameMember&& other) noexcept { *this = std::move(other); }
  FrameMember& operator=(FrameMember&& other) noexcept {
    end();
    arena_ = std::exchange(other.arena_, nullptr);
#if WEFT_ASSERTS >= 1
    tag_ = other.tag_;
#endif
    return *this;
  }
  ~FrameMember() { end(); }

  void end() noexcept {
    if (arena_ == nullptr) return;
#if WEFT_ASSERTS >= 1
    tag_->end();
#endif
    std::exchange(arena_, nullptr)->work_ended();
  }

 private:
  FrameArena* arena_ = nullptr;
#if WEFT_ASSERTS >= 1
  FrameTag* tag_ = nullptr;
#endif
};

/// A function that belongs to a frame until it is destroyed.
template <class F>
struct FrameFunction {
  void operator()() { static_cast<void>(function()); }

  FrameMember member;  // ends after the function
  F function;
};
template <class F>
inline constexpr bool kIsFrameFunction = false;
template <class F>
inline constexpr bool kIsFrameFunction<FrameFunction<F>> = true;

}  // namespace WEFT_ASSERTS_NAMESPACE

inline namespace WEFT_TRANSFER_NAMESPACE {

/// Awaits `work`, which has to be destroyed before its frame ends: so `member` stays until the coroutine is destroyed.
template <class T>
Task<T> belong_to_frame([[maybe_unused]] FrameMember member, Task<T> work) {
  Task<T> gone_before_member = std::move(work);
  co_return co_await std::move(gone_before_member);
}

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

}  // namespace weft::inline v0
