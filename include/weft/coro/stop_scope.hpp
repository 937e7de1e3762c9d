/// @file
/// How a stop request reaches tasks that nobody handed a token.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stop_token>
#include <utility>

#include <weft/base/atomic.hpp>
#include <weft/base/platform.hpp>
#include <weft/queue/manual_time.hpp>
#include <weft/queue/timer.hpp>

namespace weft::inline v0 {

class FrameArena;

namespace detail {
/// Frees what StopScope::token() has made.
WEFT_API void free_stop_source(std::uintptr_t source) noexcept;

inline namespace WEFT_TRANSFER_NAMESPACE {
WEFT_KEEPS_REGISTERS void drop_stop_source(std::uintptr_t source) noexcept { free_stop_source(source); }
}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace detail

/// A node in the tree of scopes: tasks in it are asked to stop when it, or a scope around it, is.
///
/// Every fork has one, so it must cost nothing until somebody asks: a node is two words, and turns
/// into a real std::stop_source the first time a task in it wants a std::stop_token.
///
/// Threads:  any, except construction and destruction.
/// Lifetime: outlives every task in it; a scope around it outlives it.
class StopScope {
 public:
  /// What an error in a task of the scope does to the other tasks in it.
  enum class OnError : std::uintptr_t { StopOthers = 0, LeaveOthers = 1 };

  explicit StopScope(StopScope* around) noexcept { put_into(around, OnError::StopOthers); }

  /// A scope that also stops when `outside` does. Errors: std::bad_alloc.
  WEFT_API StopScope(StopScope* around, std::stop_token outside);

  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;
  WEFT_ALWAYS_INLINE ~StopScope() {
    // relaxed: nobody else uses the scope any more.
    if (const std::uintptr_t word = word_.load(relaxed); word > kStopped) [[unlikely]] detail::drop_stop_source(word);
  }

  /// For put_into(), which is to follow: not everybody who makes a scope knows the one around it at once.
  StopScope() noexcept {}
  /// Sets the scope around this one, before any task is in it.
  WEFT_ALWAYS_INLINE void put_into(StopScope* around, OnError on_error) noexcept {
    around_ = reinterpret_cast<std::uintptr_t>(around) | static_cast<std::uintptr_t>(on_error);
  }

  /// Asks every task in the scope to stop. Idempotent. Cost: one CAS, plus the callbacks.
  WEFT_API void request_stop() noexcept;

  /// Whether this scope or one around it has been asked, or its time has come. Cost: one load per level of nesting, and a look at the clock for each
  /// timeout around.
  [[nodiscard]] WEFT_API bool stop_requested() const noexcept;

  /// A token that is signalled when `stop_requested` turns true.
  ///
  /// Cost: the first call in a scope allocates, for every scope around it that has none yet. Errors: std::bad_alloc.
  [[nodiscard]] WEFT_API std::stop_token token();

  [[nodiscard]] StopScope* around() const noexcept { return reinterpret_cast<StopScope*>(around_ & ~kFlags); }
  [[nodiscard]] OnError on_error() const noexcept { return static_cast<OnError>(around_ & kOnError); }

  /// The earliest time at which this scope or one around it will be asked to stop, in ns of its clock; kNeverNs: there is none. Cost: as
  /// stop_requested.
  [[nodiscard]] WEFT_API TimeNs deadline() const noexcept;

 protected:
  /// For scopes that are asked to stop at a time.
  void mark_as_limited() noexcept { around_ |= kLimited; }

 private:
  struct Source;
  // What the low bits of `around_` mean.
  static constexpr std::uintptr_t kOnError = 1;  // an OnError
  static constexpr std::uintptr_t kLimited = 2;  // this is a LimitedScope
  static constexpr std::uintptr_t kFlags = kOnError | kLimited;

  static constexpr std::uintptr_t kQuiet = 0;    // nobody asked for anything
  static constexpr std::uintptr_t kStopped = 1;  // stopped before anybody wanted a token
  // greater: a Source*

  friend void detail::free_stop_source(std::uintptr_t source) noexcept;
  [[nodiscard]] Source* made_source() const noexcept;
  Source& source();
  void make_source(bool is_asked);

  std::uintptr_t around_;  // with flags
  Atomic<std::uintptr_t> word_{kQuiet};
};

/// A scope that will be asked to stop at a time, by whoever has made it.
class LimitedScope : public StopScope {
 public:
  /// `until` is meant by `manual_time`; if that is null, by the steady clock.
  LimitedScope(StopScope* around, TimeNs until, const detail::ManualTime* manual_time) noexcept
      : StopScope(around), until_(until), manual_time_(manual_time) {
    mark_as_limited();
  }
  [[nodiscard]] TimeNs until() const noexcept { return until_; }
  /// Whether the time has come; whoever is to ask for the stop may not have got to it yet.
  [[nodiscard]] bool is_over() const noexcept { return detail::time_by(manual_time_) >= until_; }

 private:
  const TimeNs until_;
  // Its own, because threads may ask that are no workers of its runtime.
  const detail::ManualTime* const manual_time_;
};

/// Receives the exceptions that nobody else can, but for an OperationCancelled: work that stopped because it was asked to has ended as
/// it should. Shared, because a JoinHandle may outlive its runtime.
class UnhandledHandler {
 public:
  /// @param where    the thing that has failed, for the message of the default
  /// @param handler  empty: prints a line and calls std::terminate
  WEFT_API UnhandledHandler(const char* where, std::function<void(std::exception_ptr)> handler);
  /// Threads: any.
  WEFT_API void operator()(std::exception_ptr error) const noexcept;

 private:
  const char* where_;
  std::function<void(std::exception_ptr)> handler_;
};

/// The outermost scope of a runtime (or of a sync_wait): counts what was started in it, and receives
/// the exceptions that nobody else can.
class Domain : public StopScope {
 public:
  /// Receives an exception that nobody can. Threads: any.
  void unhandled(std::exception_ptr error) const noexcept { (*handler_)(std::move(error)); }
  [[nodiscard]] const std::shared_ptr<const UnhandledHandler>& unhandled_handler() const noexcept { return handler_; }

  /// What is spawned in it for a frame of the program lives there; null in a sync_wait, which has no frames.
  [[nodiscard]] FrameArena* frame_arena() const noexcept { return frame_arena_; }

  /// Counts a task or job that the domain must see end before it closes. Threads: any.
  virtual void root_started(std::uint64_t count) noexcept = 0;
  /// The end of one counted by `root_started`; the domain may be gone afterwards unless the caller's thread is one of
  /// its workers. Threads: any.
  virtual void root_finished() noexcept = 0;

 protected:
  /// Errors: std::bad_alloc.
  explicit Domain(UnhandledHandler handler, FrameArena* arena = nullptr)
      : StopScope(nullptr), handler_(std::make_shared<const UnhandledHandler>(std::move(handler))), frame_arena_(arena) {}
  ~Domain() = default;

 private:
  std::shared_ptr<const UnhandledHandler> handler_;
  FrameArena* const frame_arena_;
};

/// The domain that a scope belongs to, or null for a task awaited outside any runtime.
inline Domain* domain_of(StopScope* scope) noexcept {
  if (scope == nullptr) return nullptr;
  while (scope->around() != nullptr) scope = scope->around();
  return static_cast<Domain*>(scope);
}

}  // namespace weft::inline v0
