/// @file
/// Where spawned work goes: a runtime, or a part of one.
#pragma once

#include <weft/base/executor.hpp>

namespace weft::inline v0 {

class Domain;

namespace detail {

/// An executor that runs spawned work, and the domain that counts it.
struct SpawnTarget {
  Executor* executor;
  Domain* domain;
};

}  // namespace detail

/// A part of a runtime to which work can be sent: see NumaArena.
class SpawnPlace {
 public:
  /// For whoever is about to spawn something there.
  ///
  /// Threads: any.
  /// Errors:  as Runtime::spawn.
  [[nodiscard]] virtual detail::SpawnTarget open_target() = 0;

  /// How many workers share the work. Threads: any.
  [[nodiscard]] virtual unsigned worker_count() const noexcept = 0;

 protected:
  SpawnPlace() = default;
  SpawnPlace(const SpawnPlace&) = delete;
  SpawnPlace& operator=(const SpawnPlace&) = delete;
  ~SpawnPlace() = default;
};

namespace detail {

/// Where work is to go: to the place that its options name, whatever was said otherwise, or to `target`.
template <class Options>
[[nodiscard]] SpawnTarget target_for(const SpawnTarget& target, const Options& options) {
  return options.arena != nullptr ? options.arena->open_target() : target;
}

}  // namespace detail

/// What on() returns.
struct Placement {
  SpawnPlace& place;
};

/// Says where work is to start: `spawn(on(arena), work, counter)`, from any thread.
///
/// Lifetime: the place outlives the call, and its runtime the work.
[[nodiscard]] inline Placement on(SpawnPlace& place) noexcept { return {place}; }

}  // namespace weft::inline v0
