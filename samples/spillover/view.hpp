/// @file
/// Tells on standard error how a run goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "frame.hpp"

namespace spillover {

enum class ViewStyle : std::uint8_t {
  Silent,
  Lines,   ///< a line for each phase, for files and pipes
  Frames,  ///< drawn over and over, for terminals
};

/// Gives Frames if standard error is a terminal that can draw them, else Lines.
[[nodiscard]] ViewStyle choose_view_style();

/// Makes the cursor visible again if a view has hidden it, for a program that ends this moment.
///
/// Threads: any.
void restore_cursor() noexcept;

/// Threads: one at a time.
class View {
 public:
  View(ViewStyle style, const FrameContext& context);
  /// Wipes the last frame away.
  ~View();
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  void show(const Moment& moment);

 private:
  void show_frame(const Moment& moment);
  void show_line(const Moment& moment);

  const ViewStyle style_;
  const FrameContext context_;
  FrameStyle frame_style_;
  std::size_t lines_drawn_ = 0;
  const Phase* phase_ = nullptr;  // that has been told
};

}  // namespace spillover
