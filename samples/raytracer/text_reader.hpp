/// @file
/// Reads words and numbers from text and knows the line it is on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace raytracer {

/// Walks through a text that outlives it. Lines end with LF, CR LF or CR.
class TextReader {
 public:
  TextReader(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  /// Moves to the next line; false at the end of the text.
  bool next_line();
  /// Takes the next word of this line; empty at its end.
  [[nodiscard]] std::string_view word();
  /// Takes the next word, on a later line if need be; empty at the end of the text.
  [[nodiscard]] std::string_view word_across_lines();
  /// Takes what is left of this line, without the spaces around it.
  [[nodiscard]] std::string_view rest_of_line();

  /// Reads a finite number from a word; `what` names it in the error.
  [[nodiscard]] double real(std::string_view word, const char* what) const;
  /// Reads a number; none if the word is not a finite one.
  [[nodiscard]] static std::optional<double> try_real(std::string_view word);
  /// Reads a number that a float can hold.
  [[nodiscard]] float number(std::string_view word, const char* what) const;
  /// Reads a whole number from a word; none if it is not one.
  [[nodiscard]] static std::optional<std::int64_t> integer(std::string_view word);

  /// Throws an InputError for the current line.
  [[noreturn]] void fail(const std::string& what) const;

  [[nodiscard]] std::size_t line_number() const { return line_number_; }
  /// Gives the number of bytes behind the current line.
  [[nodiscard]] std::size_t remaining_bytes() const { return text_.size() - position_; }
  /// Gives the number of bytes of the current line that were not taken yet.
  [[nodiscard]] std::size_t line_bytes() const { return line_.size(); }
  /// Gives the offset of the first byte behind the current line.
  [[nodiscard]] std::size_t offset() const { return position_; }

 private:
  std::string_view text_;
  std::string file_;
  std::string_view line_;
  std::size_t position_ = 0;
  std::size_t line_number_ = 0;
};

/// Compares ASCII text without regard to case.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Replaces what a terminal would obey.
[[nodiscard]] std::string without_controls(std::string text);

/// Makes a word from a file fit for a message: between quotes, shortened, and in plain characters.
[[nodiscard]] std::string in_quotes(std::string_view word);

}  // namespace raytracer
