#include "view.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "words.hpp"

namespace spillover {
namespace {

std::atomic<bool> is_cursor_hidden{false};

constexpr std::string_view kHideCursor = "\x1b[?25l";
constexpr std::string_view kShowCursor = "\x1b[?25h";

/// In one call, so that nobody sees half a frame.
void write_to_terminal(std::string_view text) noexcept {
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

bool is_utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return std::strstr(value, "UTF-8") != nullptr || std::strstr(value, "utf8") != nullptr;
  }
  return false;
}

/// NO_COLOR: https://no-color.org
bool wants_colour() {
  const char* value = std::getenv("NO_COLOR");
  return value == nullptr || *value == '\0';
}

/// Looks each time: windows change.
void measure_terminal(FrameStyle& style) {
  winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return;
  style.columns = size.ws_col;
  if (size.ws_row != 0) style.rows = size.ws_row;
}

}  // namespace

ViewStyle choose_view_style() {
  const char* terminal = std::getenv("TERM");
  const bool can_draw = terminal != nullptr && std::strcmp(terminal, "dumb") != 0;
  return can_draw && ::isatty(STDERR_FILENO) == 1 ? ViewStyle::Frames : ViewStyle::Lines;
}

void restore_cursor() noexcept {
  // relaxed: whoever hid it did so before, or does so no more because the program has ended.
  if (is_cursor_hidden.exchange(false, std::memory_order_relaxed)) write_to_terminal(kShowCursor);
}

View::View(ViewStyle style, const FrameContext& context) : style_(style), context_(context) {
  if (style_ != ViewStyle::Frames) return;
  frame_style_.has_colour = wants_colour();
  frame_style_.is_utf8 = is_utf8_locale();
  // relaxed: see restore_cursor().
  is_cursor_hidden.store(true, std::memory_order_relaxed);
  write_to_terminal(kHideCursor);
}

View::~View() {
  if (style_ != ViewStyle::Frames) return;
  if (lines_drawn_ > 0) write_to_terminal(formatted("\x1b[%zuA\r\x1b[J", lines_drawn_));
  restore_cursor();
}

void View::show(const Moment& moment) {
  if (style_ == ViewStyle::Frames) show_frame(moment);
  if (style_ == ViewStyle::Lines) show_line(moment);
}

void View::show_frame(const Moment& moment) {
  measure_terminal(frame_style_);
  std::string text;
  if (lines_drawn_ > 0) text = formatted("\x1b[%zuA\r", lines_drawn_);
  const std::vector<std::string> lines = draw_frame(moment, context_, frame_style_);
  for (const std::string& line : lines) {
    text += line;
    text += "\x1b[K\n";
  }
  text += "\x1b[J";
  lines_drawn_ = lines.size();
  write_to_terminal(text);
}

void View::show_line(const Moment& moment) {
  const LoadProfile& profile = context_.load.profile;
  const Sample& now = moment.run.samples.back();
  const Phase& phase = profile.phase_at(now.second);
  if (phase_ == &phase) return;
  phase_ = &phase;
  std::fprintf(stderr,
               "%s, %s at %.1f s: %.0f %% offered, %u of %zu workers open, %.2f s CPU, p50 %s, "
               "p99 %s\n",
               moment.run.name.c_str(), phase.name, now.second, profile.at(now.second) * 100,
               now.open_workers, now.busy.size(), now.cpu_seconds,
               duration_words(moment.latency.p50_ns).c_str(),
               duration_words(moment.latency.p99_ns).c_str());
}

}  // namespace spillover
