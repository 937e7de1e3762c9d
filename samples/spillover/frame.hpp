/// @file
/// One frame of the live view, as lines of text.
#pragma once

#include <string>
#include <vector>

#include "load_run.hpp"
#include "run_record.hpp"

namespace spillover {

struct FrameStyle {
  unsigned columns = 80;
  unsigned rows = 24;
  bool has_colour = false;
  bool is_utf8 = false;  ///< else ASCII only
};

/// What a frame shows besides the moment.
struct FrameContext {
  const Load& load;
  double processors;       ///< that the workers have
  const RunRecord* other;  ///< the run before, to compare with; none: null
};

/// Draws a moment; no line is wider than the terminal, and there are less of them than it has rows.
[[nodiscard]] std::vector<std::string> draw_frame(const Moment& moment, const FrameContext& context,
                                                  const FrameStyle& style);

}  // namespace spillover
