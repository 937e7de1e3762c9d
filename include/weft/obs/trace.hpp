/// @file
/// What tiers and limits did while a runtime was traced, event by event, and a file of it for a trace viewer.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <variant>
#include <vector>

#include <weft/base/platform.hpp>
#include <weft/sched/stats.hpp>
#include <weft/sched/tier_options.hpp>

namespace weft::inline v0 {

/// The limits of the process leave processors for more or fewer workers than before.
struct WorkerLimitChange {
  unsigned before = 0;  ///< workers that might be awake
  unsigned after = 0;   ///< that may
  std::chrono::steady_clock::time_point time = {};
  bool operator==(const WorkerLimitChange&) const = default;
};

/// More kinds may be added: who visits one is ready for others.
using TraceEvent = std::variant<TierChange, WorkerLimitChange>;

/// What Runtime::stop_trace() gives, as plain data.
struct Trace {
  std::string name;  ///< RuntimeOptions::name
  std::chrono::steady_clock::time_point began = {};
  std::chrono::steady_clock::time_point ended = {};
  std::vector<TraceEvent> events;  ///< in the order in which they happened
  std::uint64_t lost = 0;          ///< older events for which there was no room
  unsigned workers = 0;            ///< of the runtime
  RuntimeStats at_end = {};        ///< when the trace was stopped
};

/// Writes a trace in the Trace Event Format, a JSON that https://ui.perfetto.dev and chrome://tracing show: how many workers were open, and how many
/// the limits allowed, as curves; a row for each tier, with a mark where it opened or closed, and why. Time begins with the trace.
///
/// Errors:  those of the stream; look at its state afterwards.
/// Example: samples/spillover
WEFT_API void write_chrome_json(std::ostream& out, const Trace& trace);

}  // namespace weft::inline v0
