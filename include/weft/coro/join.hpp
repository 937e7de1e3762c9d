/// @file
/// The rule by which the children of one fork find out who goes on. Cases and proof: lib/coro/README.md, "the join".
#pragma once

#include <cstdint>

#include <weft/base/assert.hpp>
#include <weft/base/atomic.hpp>
#include <weft/base/platform.hpp>

namespace weft::inline v0::detail {

/// How many of the children of one fork are still to be accounted for.
///
/// Children that run one after another on one worker hand a credit along and touch no atomic; only a chain that ends
/// before the last child (a sibling was stolen, or a child was suspended) pays its credit in.
///
/// Source: weft's own (lib/DECISIONS.md, "credits instead of a counter per join").
template <class Policy = HardwareAtomics>
class BasicCredits {
 public:
  explicit BasicCredits(std::uint32_t children) noexcept : total_(children), pending_(children) {}

  /// Nobody forms a chain: each child pays for itself, and the one who starts them pays for `more`.
  void without_chains(std::uint32_t more) noexcept {
    // relaxed: no child runs yet.
    pending_.store(total_ + more, relaxed);
    total_ = 0;
  }

  /// Whether a chain with this credit has run every child.
  [[nodiscard]] WEFT_ALWAYS_INLINE bool is_all(std::uint32_t credit) const noexcept { return credit == total_; }

  /// @return  true: everything has been paid in, so the caller resumes the parent
  [[nodiscard]] bool pay(std::uint32_t credit) noexcept {
    // [join.arrive] acq_rel: what the children did happens before the parent goes on, whoever resumes it.
    // Partner: [join.arrive] is both ends, this line in one chain and in another.
    const std::uint32_t before = pending_.fetch_sub(credit, acq_rel);
    // ---- unless this was the last, the fork may be gone (L4) ----
    WEFT_ASSERT(before >= credit, "a fork was paid for more children than it has: one of them has ended twice");
    return before == credit;
  }

 private:
  std::uint32_t total_;
  typename Policy::template Atomic<std::uint32_t> pending_;
};

/// Decides what a child that has ended runs next, and runs it.
///
/// @tparam Child  the child as the rule needs it: sibling(), worker() (null outside a pool), parent(), credit(), credits(),
///                hand_credit_to(sibling); pay() and pay_in_pop(), which are the functions below, out of line
/// @param run     runs a job
/// @param run_if  runs a job, or goes back to the loop if there is none
template <class Child, class Run, class RunIf>
WEFT_ALWAYS_INLINE auto after_child(Child child, Run run, RunIf run_if) noexcept {
  typename Child::Job* next;
  if (auto* const sibling = child.sibling()) {
    auto* const worker = child.worker();
    if (worker == nullptr) [[unlikely]] {
      next = child.pay();
    } else if (worker->fork_deque->pop_if(sibling)) [[likely]] {
      child.hand_credit_to(sibling);
      return run(sibling);
    } else {
      next = child.pay_in_pop();
    }
  } else {
    const std::uint32_t credit = child.credit();
    if (child.credits().is_all(credit)) [[likely]] return run(child.parent());
    next = child.pay();
  }
  // ---- child and fork may be gone from here (L4) ----
  return run_if(next);
}

/// Ends a chain that could not go on with the sibling: pays the credit in.
///
/// @return  the parent if this was the last payment, else null
template <class Child>
typename Child::Job* pay_in(Child child) noexcept {
  auto* const parent = child.parent();  // before [join.arrive]: the fork may be gone after it (L4)
  return child.credits().pay(child.credit()) ? parent : nullptr;
}

/// The same when a pop has been opened that did not find the sibling out of thieves' reach. `notify()` tells the idle workers.
///
/// @return  the sibling if it was the last item, and no thief was faster
template <class Child, class Notify>
typename Child::Job* pay_in_pop(Child child, Notify notify) noexcept {
  auto* const worker = child.worker();
  auto* const popped = worker->fork_deque->finish_pop();
  if (popped != nullptr && popped == child.sibling()) {
    child.hand_credit_to(popped);
    return popped;
  }
  auto* const parent = pay_in(child);
  if (parent == nullptr) return popped;
  if (popped != nullptr) {
    worker->fork_deque->push(popped);  // there is room: it was there before
    notify();
  }
  return parent;
}

}  // namespace weft::inline v0::detail
