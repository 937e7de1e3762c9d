/// @file
/// Breaks files the way exporters, editors and bad disks do.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "support/seeded_random.hpp"

namespace raytracer_test {

/// Changes a file a little, at random; the same stream of random numbers gives the same file.
class Mutation {
 public:
  /// `others` are files from which pieces may be taken.
  Mutation(weft_test::SeededRandom& random, const std::vector<std::string>& others)
      : random_(random), others_(others) {}

  [[nodiscard]] std::string operator()(std::string bytes) {
    constexpr std::uint64_t kMostSteps = 6;
    constexpr std::size_t kLongest = 1U << 14;
    for (std::uint64_t step = 1 + random_.below(kMostSteps); step > 0; --step) {
      change(bytes);
      // Doubling pieces would otherwise grow some files without end.
      if (bytes.size() > kLongest) bytes.resize(kLongest);
    }
    return bytes;
  }

 private:
  void change(std::string& bytes) {
    if (bytes.empty()) bytes = others_[random_.below(others_.size())];
    switch (random_.below(10)) {
      case 0:
        bytes[place(bytes)] ^= static_cast<char>(1U << random_.below(8));
        break;
      case 1:
        bytes[place(bytes)] = static_cast<char>(random_.below(256));
        break;
      case 2:
        bytes.resize(random_.below(bytes.size() + 1));
        break;
      case 3:
        bytes.erase(place(bytes), 1 + random_.below(random_.one_in(4) ? 60 : 4));
        break;
      case 4:
        bytes.insert(random_.below(bytes.size() + 1), piece(bytes));
        break;
      case 5:
        bytes.insert(random_.below(bytes.size() + 1),
                     piece(others_[random_.below(others_.size())]));
        break;
      case 6:
        overwrite_binary_number(bytes);
        break;
      case 7:
        change_line(bytes);
        break;
      default:
        replace_word(bytes);
    }
  }

  std::size_t place(const std::string& bytes) { return random_.below(bytes.size()); }

  std::string piece(const std::string& bytes) {
    return bytes.substr(place(bytes), 1 + random_.below(random_.one_in(4) ? 200 : 20));
  }

  /// Writes a count, an index or a float over what is there.
  void overwrite_binary_number(std::string& bytes) {
    constexpr std::array<std::uint32_t, 14> kNumbers{
        0,           1,           3,           0xFF,        0xFFFF,      0x7FFF'FFFF, 0x8000'0000,
        0xFFFF'FFFF, 0xFFFF'FFFE, 0x7F80'0000, 0xFF80'0000, 0x7FC0'0000, 0x7F7F'FFFF, 0x0000'0001};
    std::uint32_t number = kNumbers[random_.below(kNumbers.size())];
    if (random_.one_in(2)) number = __builtin_bswap32(number);
    const std::size_t size = std::size_t{1} << random_.below(3);
    if (bytes.size() < size) return;
    std::memcpy(bytes.data() + random_.below(bytes.size() - size + 1), &number, size);
  }

  void replace_word(std::string& bytes) {
    static constexpr std::array<std::string_view, 48> kWords{"0",
                                                             "1",
                                                             "-1",
                                                             "2",
                                                             "3",
                                                             "5",
                                                             "-5",
                                                             "255",
                                                             "256",
                                                             "-2147483648",
                                                             "2147483647",
                                                             "4294967295",
                                                             "4294967296",
                                                             "9223372036854775807",
                                                             "9223372036854775808",
                                                             "-9223372036854775808",
                                                             "99999999999999999999999999",
                                                             "1e400",
                                                             "-1e400",
                                                             "1e-400",
                                                             "1e38",
                                                             "3.5e38",
                                                             "-3.4e38",
                                                             "1e-45",
                                                             "nan",
                                                             "inf",
                                                             "-inf",
                                                             "0x10",
                                                             "+1",
                                                             "+-1",
                                                             "1.",
                                                             ".",
                                                             "-",
                                                             "1.5",
                                                             "1/",
                                                             "/",
                                                             "1//",
                                                             "//1",
                                                             "1/1/1/1",
                                                             "list",
                                                             "uchar",
                                                             "double",
                                                             "vertex",
                                                             "face",
                                                             "vertex_indices",
                                                             "",
                                                             "\\",
                                                             "#"};
    std::size_t begin = place(bytes);
    const auto is_gap = [&](std::size_t i) {
      return std::isspace(static_cast<unsigned char>(bytes[i])) != 0;
    };
    while (begin > 0 && !is_gap(begin - 1)) --begin;
    std::size_t end = begin;
    while (end < bytes.size() && !is_gap(end)) ++end;
    bytes.replace(begin, end - begin, kWords[random_.below(kWords.size())]);
  }

  void change_line(std::string& bytes) {
    const std::size_t before = bytes.rfind('\n', place(bytes));
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size() - 1) + 1;
    const std::string line = bytes.substr(begin, end - begin);
    switch (random_.below(6)) {
      case 0:
        bytes.erase(begin, end - begin);
        break;
      case 1:
        for (std::uint64_t i = 1 + random_.below(4); i > 0; --i) bytes.insert(begin, line);
        break;
      case 2:
        bytes.erase(begin, end - begin);
        bytes.insert(random_.below(bytes.size() + 1), line);
        break;
      case 3:
        replace_all(bytes, "\n", "\r\n");
        break;
      case 4:
        replace_all(bytes, "\n", "\r");
        break;
      default:
        while (!bytes.empty() && bytes.back() == '\n') bytes.pop_back();
    }
  }

  static void replace_all(std::string& bytes, std::string_view from, std::string_view to) {
    for (std::size_t i = bytes.find(from); i != std::string::npos;
         i = bytes.find(from, i + to.size())) {
      bytes.replace(i, from.size(), to);
    }
  }

  weft_test::SeededRandom& random_;
  const std::vector<std::string>& others_;
};

}  // namespace raytracer_test
