/// @file
/// The memory of a frame. A time is that of one block, or of one job, with its share of the end of the frame.
///
/// block_32   32 bytes, of which 16 are written; 10,000 blocks a frame, which are free together at its end
/// frame_job  an empty job spawned and joined, 1000 a frame
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

#include "support/add_case.hpp"
#include "support/bench.hpp"

namespace frame_arena {

inline constexpr std::size_t kBlocks = 10'000;  // of a frame
inline constexpr std::size_t kJobs = 1000;

/// What is in a block of 32 bytes.
struct Node {
  Node* before;
  std::uint64_t number;
  std::uint64_t unused[2];
};

/// The blocks of one frame.
class Chain {
 public:
  void add(void* block) noexcept {
    auto* const node = static_cast<Node*>(block);
    node->before = last_;
    node->number = ++count_;
    last_ = node;
  }
  /// Whether each block still has what was written into it.
  [[nodiscard]] bool is_intact() const noexcept {
    std::uint64_t number = count_;
    for (const Node* node = last_; node != nullptr; node = node->before) {
      if (node->number != number--) return false;
    }
    return number == 0 && count_ == kBlocks;
  }
  template <class Free>
  void free_all(const Free& free) noexcept {
    while (last_ != nullptr) free(std::exchange(last_, last_->before));
  }

 private:
  Node* last_ = nullptr;
  std::uint64_t count_ = 0;
};

/// `take()` gives a block, `end(chain)` ends the frame. The blocks of the last frame are looked at.
template <class Take, class End>
void measure_blocks(benchmark::State& state, const Take& take, const End& end) {
  const std::size_t frames = perf::size<std::size_t>(100, 2);
  const auto all = [&](bool looks) {
    for (std::size_t frame = 0; frame < frames; ++frame) {
      Chain chain;
      for (std::size_t i = 0; i < kBlocks; ++i) chain.add(take());
      if (looks && frame + 1 == frames) perf::verify(chain.is_intact(), "what was written into the blocks of a frame");
      end(chain);
    }
  };
  all(true);  // the pages are there then
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(frames * kBlocks))) all(false);
  all(true);
}

/// Adds a case. `run(state)` is the whole of it.
template <class Run>
bool add_operation(const std::string& problem, const std::string& contender, Run run) {
  perf::add_case(problem, contender, 1, std::move(run))->Unit(benchmark::kNanosecond);
  return true;
}

}  // namespace frame_arena
