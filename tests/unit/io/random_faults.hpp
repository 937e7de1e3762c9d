/// @file
/// Failures of the kernel by chance, but the same ones for a seed.
#pragma once

#include "support/seeded_random.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <optional>

#include "io/faults.hpp"

namespace weft_test {

/// While it lives, transfers are short, operations are interrupted (EINTR), what does not block has to wait once more (EAGAIN, which operations in a ring
/// do not end by, so it is for epoll alone), submissions are refused, completions seen late, and rings have room for few of them and may not be woken
/// by messages.
class RandomFaults final : public weft::detail::IoFaults {
 public:
  enum class Kinds : bool {
    Passing,          ///< what whoever does all of something hides
    AlsoOutOfMemory,  ///< ENOMEM too, by which it ends
  };

  explicit RandomFaults(std::uint64_t stream, Kinds kinds = Kinds::AlsoOutOfMemory) : random_(stream), kinds_(kinds) { use(this); }
  ~RandomFaults() override { use(nullptr); }

  std::optional<std::int32_t> ended(const weft::detail::IoRequest& request) override {
    if (!may_be_interrupted(request.code)) return std::nullopt;
    switch (below(40)) {
      case 0: return count(-EINTR);
      case 1: return kinds_ == Kinds::AlsoOutOfMemory ? std::optional(count(-ENOMEM)) : std::nullopt;
      default: return std::nullopt;
    }
  }
  std::uint32_t shortened(const weft::detail::IoRequest& request) override {
    if (request.length < 2 || below(3) != 0) return request.length;
    count(0);
    return 1 + static_cast<std::uint32_t>(below(request.length - 1));
  }
  bool must_wait(const weft::detail::IoRequest& /*request*/) override { return below(8) == 0 && count(true); }
  bool refuses_submission() override { return below(10) == 0; }
  bool is_late() override { return below(4) == 0; }
  unsigned completions(unsigned /*wanted*/) override { return 4; }
  bool has_messages() override { return below(2) == 0; }

  /// How many transfers were short, operations have ended, or had to wait.
  [[nodiscard]] std::uint64_t injected() {
    const std::lock_guard lock(mutex_);
    return injected_;
  }

 private:
  static bool may_be_interrupted(weft::detail::IoCode code) {
    return weft::detail::is_transfer(code) || code == weft::detail::IoCode::SendMsg || code == weft::detail::IoCode::ReceiveMsg;
  }
  template <class T>
  T count(T what) {
    const std::lock_guard lock(mutex_);
    ++injected_;
    return what;
  }
  std::uint64_t below(std::uint64_t bound) {
    const std::lock_guard lock(mutex_);
    return random_.below(bound);
  }

  std::mutex mutex_;
  SeededRandom random_;
  const Kinds kinds_;
  std::uint64_t injected_ = 0;
};

}  // namespace weft_test
