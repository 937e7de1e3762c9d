#include "frame.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "words.hpp"

namespace spillover {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kFaint = "\x1b[2m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kPlain = "\x1b[0m";

constexpr const char* kBlocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr const char* kAsciiBlocks[] = {" ", ".", ":", "-", "=", "+", "*", "%", "#"};

/// A line that ends where the terminal does.
class Line {
 public:
  explicit Line(const FrameStyle& style) : style_(style) {}

  /// Appends ASCII.
  void text(std::string_view words, std::string_view colour = {}) {
    const std::string_view shown = words.substr(0, room());
    used_ += static_cast<unsigned>(shown.size());
    coloured(shown, colour);
  }

  /// Appends one of nine glyphs that fill a place up to this share.
  void block(double share, std::string_view colour = {}) {
    if (room() == 0) return;
    const auto level = static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * 8));
    used_ += 1;
    coloured(style_.is_utf8 ? kBlocks[level] : kAsciiBlocks[level], colour);
  }

  void fill_to(unsigned column) {
    if (column > used_) text(std::string(column - used_, ' '));
  }

  [[nodiscard]] unsigned room() const noexcept {
    return used_ < style_.columns ? style_.columns - used_ : 0;
  }
  [[nodiscard]] std::string take() {
    change_colour({});
    return std::move(result_);
  }

 private:
  void coloured(std::string_view words, std::string_view colour) {
    if (words.empty()) return;
    change_colour(colour);
    result_ += words;
  }

  void change_colour(std::string_view colour) {
    if (!style_.has_colour || colour == colour_) return;
    if (!colour_.empty()) result_ += kPlain;
    result_ += colour;
    colour_ = colour;
  }

  const FrameStyle& style_;
  std::string result_;
  std::string_view colour_;  // empty: the terminal's own
  unsigned used_ = 0;
};

class Frame {
 public:
  Frame(const Moment& moment, const FrameContext& context, const FrameStyle& style)
      : run_(moment.run),
        now_(run_.samples.back()),
        latency_(moment.latency),
        context_(context),
        profile_(context.load.profile),
        style_(style) {}

  std::vector<std::string> draw() {
    draw_title();
    draw_load();
    const std::vector<std::string> figures = draw_figures();
    draw_tiers(figures.size());
    lines_.insert(lines_.end(), figures.begin(), figures.end());
    // One row stays free, for the cursor.
    if (lines_.size() + 1 > style_.rows) lines_.resize(style_.rows > 1 ? style_.rows - 1 : 0);
    return std::move(lines_);
  }

 private:
  void draw_title() {
    Line line(style_);
    line.text(run_.name, kBold);
    line.text(formatted(": %.1f of %.1f s, %s", now_.second, profile_.seconds(),
                        now_.second < profile_.seconds() ? profile_.phase_at(now_.second).name
                                                         : "waiting for the last jobs"));
    lines_.push_back(line.take());
  }

  /// The profile, bright as far as it has been.
  void draw_load() {
    constexpr unsigned kPlaces = 40;
    Line line(style_);
    const double load = now_.second < profile_.seconds() ? profile_.at(now_.second) : 0.0;
    line.text(formatted("offered %3.0f %% ", load * 100), kBold);
    const double highest = std::max({profile_.peak(), profile_.at(0), 1e-9});
    for (unsigned i = 0; i < kPlaces; ++i) {
      const double second = (i + 0.5) / kPlaces * profile_.seconds();
      line.block(profile_.at(second) / highest, second <= now_.second ? kYellow : kFaint);
    }
    line.text(formatted(" of %.3g processors", context_.processors));
    lines_.push_back(line.take());
  }

  void draw_tiers(std::size_t lines_below) {
    for (std::size_t i = 0; i < run_.tiers.size(); ++i) {
      const TierRow& tier = run_.tiers[i];
      const bool is_open = i < now_.open_tiers;
      Line line(style_);
      line.text(formatted("tier %zu ", i));
      line.text(is_open ? "open  " : "closed", is_open ? kGreen : kFaint);
      line.text("  " + tier.name);
      lines_.push_back(line.take());
      if (tier.count <= kMostWide) {
        draw_wide_workers(tier, is_open);
      } else {
        draw_narrow_workers(tier, is_open);
      }
    }
    // The figures are worth more than the last workers.
    const std::size_t most = style_.rows > lines_below + 1 ? style_.rows - lines_below - 1 : 0;
    if (lines_.size() > most) lines_.resize(std::max<std::size_t>(most, 2));
  }

  /// A bar for each: "  0 ########     81 %".
  void draw_wide_workers(const TierRow& tier, bool is_open) {
    constexpr unsigned kBar = 12;
    constexpr unsigned kCell = 4 + kBar + 1 + 5 + 2;
    const unsigned in_line = std::max(style_.columns / kCell, 1U);
    for (unsigned first = 0; first < tier.count; first += in_line) {
      Line line(style_);
      for (unsigned i = first; i < std::min(first + in_line, tier.count); ++i) {
        const double share = now_.busy[tier.first + i];
        line.text(formatted("%3u ", tier.first + i));
        for (unsigned place = 0; place < kBar; ++place) {
          const double full = share * kBar - place >= 0.5 ? 1.0 : 0.0;
          if (full > 0)
            line.block(full, kGreen);
          else
            line.text(".", kFaint);
        }
        line.text(formatted(" %3.0f %%  ", share * 100), is_open ? std::string_view{} : kFaint);
      }
      lines_.push_back(line.take());
    }
  }

  /// A glyph for each.
  void draw_narrow_workers(const TierRow& tier, bool is_open) {
    const unsigned in_line = std::max(style_.columns > 6 ? style_.columns - 6 : 1, 1U);
    for (unsigned first = 0; first < tier.count; first += in_line) {
      Line line(style_);
      line.text(formatted("%5u ", tier.first + first));
      for (unsigned i = first; i < std::min(first + in_line, tier.count); ++i) {
        line.block(now_.busy[tier.first + i], is_open ? kGreen : kFaint);
      }
      lines_.push_back(line.take());
    }
  }

  std::vector<std::string> draw_figures() {
    std::vector<std::string> lines;
    const auto add = [&](std::string_view name, double cpu, const RecentLatency& latency) {
      Line line(style_);
      line.text(name.substr(0, 24));
      line.fill_to(26);
      line.text(formatted("%8.2f s CPU", cpu), kBold);
      if (latency.jobs > 0) {
        line.text(formatted("  p50 %s  p99 %s", duration_words(latency.p50_ns).c_str(),
                            duration_words(latency.p99_ns).c_str()));
      }
      lines.push_back(line.take());
    };
    add(run_.name, now_.cpu_seconds, latency_);
    if (context_.other != nullptr) {
      add(context_.other->name, context_.other->cpu_seconds_at(now_.second), latency_of_other());
    }
    Line line(style_);
    line.text("CPU since the start; latencies of the last second", kFaint);
    lines.push_back(line.take());
    return lines;
  }

  /// Of the jobs that were due in the second before this moment.
  RecentLatency latency_of_other() const {
    const Figures figures =
        figures_between(*context_.other, context_.load.schedule, now_.second - 1, now_.second);
    return {figures.jobs, figures.p50_ns, figures.p99_ns};
  }

  static constexpr unsigned kMostWide = 12;

  const RunRecord& run_;
  const Sample& now_;
  const RecentLatency latency_;
  const FrameContext& context_;
  const LoadProfile& profile_;
  const FrameStyle& style_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> draw_frame(const Moment& moment, const FrameContext& context,
                                    const FrameStyle& style) {
  return Frame(moment, context, style).draw();
}

}  // namespace spillover
