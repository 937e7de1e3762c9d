#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "obs/json_text.hpp"
#include <weft/obs/trace.hpp>

namespace weft::inline v0 {

namespace {

// Rows of the viewer. Tiers come after the one of the runtime as a whole.
constexpr unsigned kProcess = 1;
constexpr unsigned kRuntimeRow = 1;
constexpr unsigned row_of(std::size_t tier) { return kRuntimeRow + 1 + static_cast<unsigned>(tier); }

const char* text_of(TierReason reason) {
  switch (reason) {
    case TierReason::WorkWaited:
      return "work waited";
    case TierReason::HighLoad:
      return "high load";
    case TierReason::LowLoad:
      return "low load";
    case TierReason::Asked:
      return "asked for";
  }
  return "unknown";
}

/// Writes event after event. All text is made here: a stream may have a locale that would group digits.
class Writer {
 public:
  Writer(std::ostream& out, const Trace& trace) : out_(out), trace_(trace) {}

  void write() {
    out_ << "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"lost\":" << std::to_string(trace_.lost) << "},\"traceEvents\":[";
    write_names();
    write_counters(trace_.began, open_workers_at_first(), limit_at_first());
    for (const TraceEvent& event : trace_.events) {
      std::visit([this](const auto& what) { write(what); }, event);
    }
    write_counters(trace_.ended, open_workers_, limit_);
    out_ << "\n]}\n";
  }

 private:
  using Time = std::chrono::steady_clock::time_point;

  /// @param rest  further members, each with a comma before it
  void add(std::string_view phase, std::string_view name, unsigned row, Time time, const std::string& rest) {
    out_ << (is_first_ ? "\n" : ",\n") << "{\"ph\":\"" << phase << "\",\"name\":" << quoted_json(name) << ",\"pid\":" << std::to_string(kProcess)
         << ",\"tid\":" << std::to_string(row) << ",\"ts\":" << in_us(time) << rest << "}";
    is_first_ = false;
  }

  /// Since the trace began: what was under way at that moment happened then.
  [[nodiscard]] std::string in_us(Time time) const {
    const std::int64_t ns = std::max<std::int64_t>(std::chrono::nanoseconds(time - trace_.began).count(), 0);
    const std::string fraction = std::to_string(1000 + ns % 1000);
    return std::to_string(ns / 1000) + "." + fraction.substr(1);
  }

  void name(const char* what, unsigned row, std::string_view text) { add("M", what, row, trace_.began, ",\"args\":{\"name\":" + quoted_json(text) + "}"); }

  void write_names() {
    name("process_name", kRuntimeRow, trace_.name);
    name("thread_name", kRuntimeRow, "runtime");
    for (std::size_t tier = 0; tier < trace_.at_end.tiers.size(); ++tier) {
      name("thread_name", row_of(tier), "tier " + std::to_string(tier) + ": " + trace_.at_end.tiers[tier].name);
      add("M", "thread_sort_index", row_of(tier), trace_.began, ",\"args\":{\"sort_index\":" + std::to_string(row_of(tier)) + "}");
    }
    if (trace_.lost == 0) return;
    mark(std::to_string(trace_.lost) + " older events were lost", kRuntimeRow, trace_.began, "\"lost\":" + std::to_string(trace_.lost));
  }

  void mark(const std::string& text, unsigned row, Time time, const std::string& arguments) {
    add("i", text, row, time, ",\"s\":\"t\",\"args\":{" + arguments + "}");
  }

  void count(const char* what, Time time, unsigned value) {
    add("C", what, kRuntimeRow, time, ",\"args\":{\"workers\":" + std::to_string(value) + "}");
  }

  void write_counters(Time time, unsigned open, unsigned limit) {
    open_workers_ = open;
    limit_ = limit;
    count("open workers", time, open);
    count("worker limit", time, limit);
  }

  void write(const TierChange& change) {
    const bool opens = change.open_after > change.open_before;
    const std::string arguments = ",\"reason\":" + quoted_json(text_of(change.reason)) + ",\"open tiers\":" + std::to_string(change.open_after) +
                                  ",\"open workers\":" + std::to_string(change.workers_after);
    for (unsigned tier = std::min(change.open_before, change.open_after); tier < std::max(change.open_before, change.open_after); ++tier) {
      mark(opens ? "opened" : "closed", row_of(tier), change.time, "\"tier\":" + std::to_string(tier) + arguments);
    }
    open_workers_ = change.workers_after;
    count("open workers", change.time, open_workers_);
  }

  void write(const WorkerLimitChange& change) {
    mark("worker limit", kRuntimeRow, change.time, "\"before\":" + std::to_string(change.before) + ",\"after\":" + std::to_string(change.after));
    limit_ = change.after;
    count("worker limit", change.time, limit_);
  }

  /// The first change of a kind says what there was before it; without one it is as at the end.
  [[nodiscard]] unsigned open_workers_at_first() const {
    for (const TraceEvent& event : trace_.events) {
      if (const auto* change = std::get_if<TierChange>(&event)) return change->workers_before;
    }
    unsigned open = 0;
    for (const TierStats& tier : trace_.at_end.tiers) open += tier.is_open ? tier.count : 0;
    return trace_.at_end.tiers.empty() ? trace_.workers : open;
  }

  [[nodiscard]] unsigned limit_at_first() const {
    for (const TraceEvent& event : trace_.events) {
      if (const auto* change = std::get_if<WorkerLimitChange>(&event)) return change->before;
    }
    return trace_.at_end.worker_limit;
  }

  std::ostream& out_;
  const Trace& trace_;
  bool is_first_ = true;
  unsigned open_workers_ = 0;
  unsigned limit_ = 0;
};

}  // namespace

void write_chrome_json(std::ostream& out, const Trace& trace) { Writer(out, trace).write(); }

}  // namespace weft::inline v0
