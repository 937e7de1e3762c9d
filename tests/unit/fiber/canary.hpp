/// @file
/// What thread_local_canary.cpp has, for the programs that are made of it.
#pragma once

namespace weft_test {

/// Runs all canaries; prints a line of TAP for each. Returns how many have failed.
[[gnu::visibility("default")]] int run_canaries();

}  // namespace weft_test
