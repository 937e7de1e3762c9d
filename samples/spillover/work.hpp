/// @file
/// What a job does: arithmetic whose result is known.
#pragma once

#include <array>
#include <cstdint>

namespace spillover {

/// Jobs of several kinds, all equally long, each with a result of its own.
///
/// Threads: any.
class Work {
 public:
  static constexpr unsigned kKinds = 16;

  /// Computes what each kind has to give.
  explicit Work(std::uint64_t rounds);

  /// Does the job; gives whether its result was right.
  [[nodiscard]] bool run(unsigned kind) const noexcept;

 private:
  std::uint64_t rounds_;
  std::array<std::uint64_t, kKinds> expected_{};
};

/// What processors can do when all of them work.
struct Speed {
  double rounds_per_second = 0;  ///< of a processor that does nothing else
  double share = 1;  ///< of that, what each has: others may use them too, and siblings share
};

/// Measures so many processors, for some tenths of a second.
[[nodiscard]] Speed measure_speed(unsigned processors);

}  // namespace spillover
