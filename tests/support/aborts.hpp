/// @file
/// A mistake that has to end the process with a sentence.
#pragma once

#include <catch2/catch.hpp>

#include <string>

#include "support/subprocess.hpp"

namespace weft_test {

/// Checks that `function` aborts, and says these words. Pre: as for in_child.
template <class F>
void check_aborts(const std::string& words, F function) {
  const Ended ended = in_child([&function] {
    function();
    return 0;
  });
  INFO(ended.said);
  CHECK(ended.has_aborted_with(words));
}

}  // namespace weft_test
