/// @file
/// A command line as words, for the tests of a program's options.
#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace weft_test {

/// Gives the options that the words are parsed into; the test fails if the program would end instead.
template <class Parse>
auto parsed_words(Parse parse_options, std::vector<std::string> words) {
  words.insert(words.begin(), "program");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto parsed = parse_options(static_cast<int>(words.size()), arguments.data());
  REQUIRE_FALSE(parsed.exit_status);
  return parsed.options;
}

}  // namespace weft_test
