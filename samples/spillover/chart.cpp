#include "chart.hpp"

#include <algorithm>
#include <cmath>

#include "words.hpp"

namespace spillover {
namespace {

constexpr double kWidth = 960;
constexpr double kLeft = 80;
constexpr double kRight = kWidth - 24;
constexpr double kPanelHeight = 140;
constexpr double kPanelGap = 52;

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

class Svg {
 public:
  explicit Svg(const Chart& chart) : chart_(chart) {}

  std::string draw() {
    const double first = 62 + 18 * static_cast<double>(chart_.remarks.size()) + 24;
    const double height =
        first + (kPanelHeight + kPanelGap) * static_cast<double>(chart_.panels.size()) + 12;
    out_ += formatted(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
        "viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"13\">\n",
        kWidth, height, kWidth, height);
    out_ += "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    text(24, 36, chart_.title, "font-size=\"20\" font-weight=\"bold\"");
    double y = 60;
    for (const std::string& remark : chart_.remarks) {
      text(24, y, remark, "fill=\"#444444\"");
      y += 18;
    }
    double top = first;
    for (const Panel& panel : chart_.panels) {
      draw_panel(panel, top, &panel == &chart_.panels.back());
      top += kPanelHeight + kPanelGap;
    }
    return std::move(out_) + "</svg>\n";
  }

 private:
  void text(double x, double y, const std::string& words, const char* attributes) {
    out_ += formatted("<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
    out_ += escaped(words) + "</text>\n";
  }

  void line(double x1, double y1, double x2, double y2, const char* colour) {
    out_ += formatted("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1,
                      y1, x2, y2, colour);
  }

  [[nodiscard]] double x_of(double second) const {
    return kLeft + (kRight - kLeft) * std::clamp(second / chart_.seconds, 0.0, 1.0);
  }

  [[nodiscard]] static double y_of(const Panel& panel, double top, double value) {
    const auto scaled = [&panel](double v) { return panel.is_logarithmic ? std::log(v) : v; };
    const double least = panel.ticks.front();
    const double most = panel.ticks.back();
    const double part =
        (scaled(std::clamp(value, least, most)) - scaled(least)) / (scaled(most) - scaled(least));
    return top + kPanelHeight * (1 - part);
  }

  void draw_panel(const Panel& panel, double top, bool is_last) {
    draw_bands(top);
    for (std::size_t i = 0; i < panel.ticks.size(); ++i) {
      const double y = y_of(panel, top, panel.ticks[i]);
      line(kLeft, y, kRight, y, "#dddddd");
      text(kLeft - 8, y + 4, panel.tick_labels[i], "text-anchor=\"end\" fill=\"#444444\"");
    }
    for (const Series& series : panel.series) draw_series(panel, series, top);
    line(kLeft, top + kPanelHeight, kRight, top + kPanelHeight, "#444444");
    text(kLeft, top - 10, panel.title, "font-weight=\"bold\"");
    draw_legend(panel, top);
    draw_seconds(top + kPanelHeight, is_last);
  }

  /// Every second one is shaded.
  void draw_bands(double top) {
    for (std::size_t i = 0; i < chart_.bands.size(); ++i) {
      const Band& band = chart_.bands[i];
      if (i % 2 == 1) continue;
      out_ += formatted(
          "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#f4f4f0\"/>\n",
          x_of(band.begin), top, x_of(band.end) - x_of(band.begin), kPanelHeight);
    }
  }

  void draw_series(const Panel& panel, const Series& series, double top) {
    if (series.points.empty()) return;
    std::string path;
    double last_y = 0;
    for (const Point& point : series.points) {
      const double x = x_of(point.x);
      const double y = y_of(panel, top, point.y);
      if (series.shape == Series::Shape::Steps && !path.empty()) {
        path += formatted(" %.1f,%.1f", x, last_y);
      }
      path += formatted(path.empty() ? "%.1f,%.1f" : " %.1f,%.1f", x, y);
      last_y = y;
    }
    if (series.shape == Series::Shape::Area) {
      path += formatted(" %.1f,%.1f %.1f,%.1f", x_of(series.points.back().x), top + kPanelHeight,
                        x_of(series.points.front().x), top + kPanelHeight);
      out_ += "<polygon points=\"" + path + "\" fill=\"" + series.colour + "\"/>\n";
    } else {
      out_ += "<polyline points=\"" + path + "\" fill=\"none\" stroke-width=\"2\" " +
              "stroke-linejoin=\"round\" stroke=\"" + series.colour + "\"/>\n";
    }
  }

  /// On the line of the title, from the right.
  void draw_legend(const Panel& panel, double top) {
    double x = kRight;
    for (auto series = panel.series.rbegin(); series != panel.series.rend(); ++series) {
      x -= 7.0 * static_cast<double>(series->name.size());
      text(x, top - 10, series->name, "fill=\"#222222\"");
      x -= 20;
      out_ += formatted("<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"8\" ", x, top - 19);
      out_ += "fill=\"" + series->colour + "\"/>\n";
      x -= 16;
    }
  }

  void draw_seconds(double y, bool is_last) {
    for (const double second : round_ticks(chart_.seconds)) {
      if (second > chart_.seconds * 1.0001) break;
      line(x_of(second), y, x_of(second), y + 4, "#444444");
      text(x_of(second), y + 17, formatted("%g", second),
           "text-anchor=\"middle\" fill=\"#444444\"");
    }
    if (!is_last) return;
    text(kLeft - 8, y + 33, "seconds", "text-anchor=\"end\" fill=\"#444444\"");
    for (const Band& band : chart_.bands) {
      text((x_of(band.begin) + x_of(band.end)) / 2, y + 33, band.name,
           "text-anchor=\"middle\" font-style=\"italic\" fill=\"#666666\"");
    }
  }

  const Chart& chart_;
  std::string out_;
};

}  // namespace

std::vector<double> round_ticks(double most) {
  constexpr double kMostTicks = 8;
  const double least_step = std::max(most, 1e-9) / kMostTicks;
  const double power = std::pow(10.0, std::floor(std::log10(least_step)));
  double step = power;
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    step = factor * power;
    if (step >= least_step * 0.9999) break;
  }
  std::vector<double> ticks{0};
  while (ticks.back() < most * 0.9999) ticks.push_back(step * static_cast<double>(ticks.size()));
  return ticks;
}

std::string draw_svg(const Chart& chart) { return Svg(chart).draw(); }

}  // namespace spillover
