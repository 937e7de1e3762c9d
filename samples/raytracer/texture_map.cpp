#include "texture_map.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "text_reader.hpp"

namespace raytracer {
namespace {

/// Takes words from the front of a statement, but for the last one, which belongs to the name.
class OptionWords {
 public:
  explicit OptionWords(std::string_view statement) : rest_(statement) { skip_blanks(); }

  /// Gives the next word, without taking it; empty if it is the last one.
  [[nodiscard]] std::string_view peek() const {
    const std::size_t end = rest_.find_first_of(kBlanks);
    return end == std::string_view::npos ? std::string_view() : rest_.substr(0, end);
  }
  std::string_view take() {
    const std::string_view word = peek();
    rest_.remove_prefix(word.size());
    skip_blanks();
    return word;
  }
  std::optional<float> take_number() {
    // Far beyond what a float can tell apart within a picture.
    constexpr double kMost = 1e6;
    const std::optional<double> value = TextReader::try_real(peek());
    if (!value) return std::nullopt;
    (void)take();
    return static_cast<float>(std::clamp(*value, -kMost, kMost));
  }
  /// Takes "on" or "off".
  std::optional<bool> take_switch() {
    if (peek() != "on" && peek() != "off") return std::nullopt;
    return take() == "on";
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  static constexpr std::string_view kBlanks = " \t\v\f";

  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
  }

  std::string_view rest_;
};

/// Takes one to three numbers, of which the third is for solid textures.
void take_uv(OptionWords& words, Uv& uv) {
  if (const auto u = words.take_number()) uv.u = *u;
  if (const auto v = words.take_number()) uv.v = *v;
  (void)words.take_number();
}

/// Takes what follows an option that is not supported.
void skip_values(OptionWords& words, std::string_view option) {
  const bool has_word =
      option == "-imfchan" || option == "-type" || option == "-texres" || option == "-colorspace";
  if (has_word) (void)words.take();
  while (words.take_number() || words.take_switch()) {
  }
}

}  // namespace

TextureMap parse_texture_map(std::string_view statement) {
  TextureMap map;
  OptionWords words(statement);
  while (words.peek().substr(0, 1) == "-") {
    const std::string_view option = words.take();
    if (option == "-s") {
      take_uv(words, map.scale);
    } else if (option == "-o") {
      take_uv(words, map.offset);
    } else if (option == "-clamp") {
      map.wrap = words.take_switch().value_or(false) ? Wrap::Clamp : Wrap::Repeat;
    } else {
      if (map.ignored_option.empty()) map.ignored_option = option;
      skip_values(words, option);
    }
  }
  map.file = portable_path(words.rest());
  return map;
}

std::filesystem::path portable_path(std::string_view name) {
  std::string portable(name);
  std::replace(portable.begin(), portable.end(), '\\', '/');
  return portable;
}

}  // namespace raytracer
