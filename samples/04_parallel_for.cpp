// Parallel loops, awaited and blocking, over indices, elements and chunks: the Mandelbrot set.
#include <algorithm>
#include <complex>
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include <weft/weft.hpp>

namespace {

constexpr int kWidth = 72;
constexpr int kHeight = 24;

char shade_at(int column, int row) {
  const std::complex<double> c(-2.2 + 3.2 * column / kWidth, -1.2 + 2.4 * row / kHeight);
  std::complex<double> z;
  int steps = 0;
  while (steps < 1000 && std::norm(z) < 4.0) {
    z = z * z + c;
    ++steps;
  }
  return steps == 1000 ? '#' : " .:-=+*%"[std::min(steps / 2, 7)];
}

using Picture = std::vector<std::string>;

/// The awaited form, in a task. Rows cost unequal amounts; idle workers take those not yet begun.
weft::Task<Picture> draw() {
  Picture picture(kHeight, std::string(kWidth, ' '));
  const auto draw_row = [&picture](std::size_t row) {
    char* const pixels = picture[row].data();
    for (int column = 0; column < kWidth; ++column) {
      pixels[column] = shade_at(column, static_cast<int>(row));
    }
  };
  co_await weft::parallel_for(0, picture.size(), draw_row);
  co_return picture;
}

/// The same over a range, here of elements that say themselves where they are.
weft::Task<Picture> draw_elements() {
  Picture picture(kHeight, std::string(kWidth, ' '));
  co_await weft::parallel_for(picture, [&picture](std::string& row) {
    const auto number = static_cast<int>(&row - picture.data());
    for (int column = 0; column < kWidth; ++column) {
      row[static_cast<std::size_t>(column)] = shade_at(column, number);
    }
  });
  co_return picture;
}

/// The blocking form, in a plain function. A body that takes two indices gets whole chunks.
Picture draw_chunks() {
  Picture picture(kHeight, std::string(kWidth, ' '));
  weft::sync_parallel_for(0, kHeight * kWidth, [&picture](int first, int last) {
    for (int i = first; i < last; ++i) {
      picture[static_cast<std::size_t>(i / kWidth)].data()[i % kWidth] =
          shade_at(i % kWidth, i / kWidth);
    }
  });
  return picture;
}

}  // namespace

int main() {
  weft::Runtime rt;
  const Picture picture = rt.run(draw());
  for (const std::string& row : picture) std::cout << row << '\n';
  const bool are_equal = picture == rt.run(draw_elements()) && picture == rt.run(draw_chunks);
  return are_equal && picture[kHeight / 2][kWidth / 2] == '#' ? 0 : 1;
}
