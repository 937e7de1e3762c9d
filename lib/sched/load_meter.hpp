/// @file
/// How busy workers are, and how many jobs wait: what two looks at the same figures say.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weft::inline v0 {

/// What is known of a worker at one moment.
struct WorkerFigures {
  std::int64_t idle_ns = 0;      ///< so far
  std::uint64_t jobs_begun = 0;  ///< so far
  bool is_blocked = false;       ///< in a call that is marked
};

struct Load {
  double busy = 0;       ///< workers, on average since the look before
  unsigned waiting = 0;  ///< jobs that have waited since then
};

/// Threads: one.
class LoadMeter {
 public:
  /// @param most_workers  that there may ever be: a look takes no memory
  explicit LoadMeter(std::size_t most_workers) { idle_ns_.reserve(most_workers); }

  /// @tparam Host  workers() is their number, figures_of(worker), and visible_jobs(), which is asked for last
  template <class Host>
  [[nodiscard]] Load look(std::int64_t now_ns, Host host) noexcept {
    const std::int64_t elapsed = now_ns - std::exchange(last_ns_, now_ns);
    idle_ns_.resize(host.workers());  // within what was reserved
    std::int64_t busy_ns = 0;
    std::uint64_t begun = 0;
    for (std::size_t worker = 0; worker < idle_ns_.size(); ++worker) {
      const WorkerFigures figures = host.figures_of(worker);
      begun += figures.jobs_begun;
      busy_ns += busy_since_last(worker, figures, elapsed);
    }
    const double busy = elapsed > 0 ? static_cast<double>(busy_ns) / static_cast<double>(elapsed) : 0;
    return {busy, waiting_since_last(begun, host.visible_jobs())};
  }

 private:
  /// Workers of closed tiers count too: they run in the place of blocked ones, or have still to end a job whose like will come to those that stay.
  [[nodiscard]] std::int64_t busy_since_last(std::size_t worker, const WorkerFigures& figures, std::int64_t elapsed) noexcept {
    const std::int64_t was_idle = figures.idle_ns - std::exchange(idle_ns_[worker], figures.idle_ns);
    // Who is blocked has no use for a processor.
    if (figures.is_blocked || elapsed <= 0) return 0;
    // The figures are taken one after the other, so they may be a little off.
    return elapsed - std::clamp<std::int64_t>(was_idle, 0, elapsed);
  }

  /// That some jobs are visible now and were so then says little: where jobs are short it may never be the same ones. But if fewer have begun than
  /// there were, some of these wait still, or as many others in their place.
  [[nodiscard]] unsigned waiting_since_last(std::uint64_t begun, std::uint64_t visible) noexcept {
    const std::uint64_t has_begun = begun - std::exchange(begun_, begun);
    const std::uint64_t was_visible = std::exchange(visible_, visible);
    if (has_begun >= was_visible) return 0;
    return static_cast<unsigned>(std::min<std::uint64_t>({was_visible - has_begun, visible, ~0U}));
  }

  // ---- at the last look ----
  std::vector<std::int64_t> idle_ns_;  // of each worker
  std::int64_t last_ns_ = 0;
  std::uint64_t begun_ = 0;    // jobs
  std::uint64_t visible_ = 0;  // jobs
};

}  // namespace weft::inline v0
