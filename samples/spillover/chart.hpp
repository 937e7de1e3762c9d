/// @file
/// Panels one above the other over one axis of time, as SVG.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spillover {

struct Point {
  double x = 0;
  double y = 0;
};

struct Series {
  enum class Shape : std::uint8_t {
    Line,
    Steps,  ///< each value holds until the next
    Area,   ///< filled down to the axis
  };

  std::string name;
  std::string colour;
  Shape shape = Shape::Line;
  std::vector<Point> points;
};

struct Panel {
  std::string title;
  std::vector<double> ticks;             ///< of the axis, which goes from the first to the last
  std::vector<std::string> tick_labels;  ///< one for each
  bool is_logarithmic = false;           ///< then the ticks are above zero
  std::vector<Series> series;
};

/// A part of the axis of time that has a name.
struct Band {
  std::string name;
  double begin = 0;
  double end = 0;
};

struct Chart {
  std::string title;
  std::vector<std::string> remarks;  ///< lines below the title
  double seconds = 0;
  std::vector<Band> bands;
  std::vector<Panel> panels;
};

[[nodiscard]] std::string draw_svg(const Chart& chart);

/// Ticks from 0 to `most` or a little above, at round numbers.
[[nodiscard]] std::vector<double> round_ticks(double most);

}  // namespace spillover
