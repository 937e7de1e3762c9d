/// @file
/// How a parallel loop is cut, and how urgent it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include <weft/base/priority.hpp>
#include <weft/coro/spawn_place.hpp>

namespace weft::inline v0 {

/// Who decides where a parallel loop is cut.
enum class Partition : std::uint8_t {
  OnDemand,  ///< the loop itself: pieces of a few microseconds, which idle workers take. Right for nearly all loops
  Equal,     ///< as many parts as workers, equal to one iteration, each run in one go. For iterations that cost the same,
             ///< where the borders must not depend on timing
};

/// How a parallel loop runs. All members have defaults, which are right for most: `{.grain = 100}`.
struct ParallelForOptions {
  /// Iterations that are run in one go and not split. 0: measured while the loop runs, and few when they are long.
  /// With Partition::Equal: the least size of a part.
  std::size_t grain = 0;
  Partition partition = Partition::OnDemand;
  /// Of the whole loop; none: the caller's. The task has its own again when the loop has ended. Only for the awaited form:
  /// a job that blocks cannot change its priority.
  std::optional<Priority> priority = {};
  /// Where the loop begins, if not here: `{.arena = &arena}`. Its workers share the loop; others help only when they have nothing else to do. When
  /// it has ended, the task is sent back to its own arena, or runtime. Only for the awaited form.
  SpawnPlace* arena = nullptr;
};

// gcc 12 destroys aggregates with members that own something twice if they are temporaries in a co_await expression.
static_assert(std::is_trivially_destructible_v<ParallelForOptions>);

}  // namespace weft::inline v0
