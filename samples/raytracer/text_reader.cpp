#include "text_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "program/input_error.hpp"

namespace raytracer {

using program::InputError;

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }

/// from_chars refuses the plus sign that many exporters write.
std::string_view without_plus(std::string_view word) {
  return word.size() > 1 && word[0] == '+' && word[1] != '-' ? word.substr(1) : word;
}

/// Reads a number, which may be infinite or none; nothing if the word is something else.
std::optional<double> any_number(std::string_view word) {
  const std::string_view digits = without_plus(word);
  double value = 0.0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  // from_chars leaves the value alone then; this gives zero, a tiny number or infinity.
  if (error == std::errc::result_out_of_range) {
    value = std::strtod(std::string(digits).c_str(), nullptr);
  }
  return value;
}

}  // namespace

bool TextReader::next_line() {
  if (position_ >= text_.size()) {
    line_ = {};
    return false;
  }
  const std::size_t end = std::min(text_.find_first_of("\r\n", position_), text_.size());
  line_ = text_.substr(position_, end - position_);
  position_ = end;
  if (position_ < text_.size()) {
    const bool is_pair = text_.substr(position_, 2) == "\r\n";
    position_ += is_pair ? 2 : 1;
  }
  ++line_number_;
  return true;
}

std::string_view TextReader::word() {
  std::size_t begin = 0;
  while (begin < line_.size() && is_space(line_[begin])) ++begin;
  std::size_t end = begin;
  while (end < line_.size() && !is_space(line_[end])) ++end;
  const std::string_view result = line_.substr(begin, end - begin);
  line_.remove_prefix(end);
  return result;
}

std::string_view TextReader::word_across_lines() {
  while (true) {
    const std::string_view result = word();
    if (!result.empty()) return result;
    if (!next_line()) return {};
  }
}

std::string_view TextReader::rest_of_line() {
  std::string_view rest = line_;
  while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
  while (!rest.empty() && is_space(rest.back())) rest.remove_suffix(1);
  line_ = {};
  return rest;
}

double TextReader::real(std::string_view word, const char* what) const {
  if (word.empty()) fail(std::string("the line ends where ") + what + " should be");
  const std::optional<double> value = any_number(word);
  if (!value) fail(in_quotes(word) + " is not a number, where " + what + " should be");
  if (!std::isfinite(*value)) {
    fail(in_quotes(word) + " is not a finite number, where " + what + " should be");
  }
  return *value;
}

std::optional<double> TextReader::try_real(std::string_view word) {
  const std::optional<double> value = any_number(word);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

float TextReader::number(std::string_view word, const char* what) const {
  const double value = real(word, what);
  if (std::abs(value) > double{std::numeric_limits<float>::max()}) {
    fail(in_quotes(word) + " is too large, where " + what + " should be");
  }
  return static_cast<float>(value);
}

std::optional<std::int64_t> TextReader::integer(std::string_view word) {
  const std::string_view digits = without_plus(word);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

void TextReader::fail(const std::string& what) const {
  throw InputError(file_, "line " + std::to_string(line_number_) + ": " + what);
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string without_controls(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

std::string in_quotes(std::string_view word) {
  constexpr std::size_t kLongest = 40;
  std::string result(1, '\'');
  for (const char c : word.substr(0, kLongest)) {
    result += c >= ' ' && c <= '~' ? c : '?';
  }
  if (word.size() > kLongest) result += "...";
  result += '\'';
  return result;
}

}  // namespace raytracer
