/// @file
/// HandOver: what one writer makes reaches one reader, block by block.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include <weft/weft.hpp>

namespace legacy_port {

/// A slot for one block. Whoever comes too early is suspended: a coroutine by co_await, a fiber by
/// this_fiber::await.
///
/// Two counters take turns. The slot's contents pass from the writer to the reader by the zero of
/// `filled_`, and back by that of `emptied_`; each side counts up what it is going to wait for
/// before it counts down what the other one waits for.
///
/// Lifetime: the writer has closed it, and the reader has met the end or refused.
class HandOver {
 public:
  HandOver() = default;
  HandOver(const HandOver&) = delete;
  HandOver& operator=(const HandOver&) = delete;

  // ---- for the writer ----

  /// Waits until the slot is empty, and fills it. False: the reader wants no more.
  weft::Task<bool> put(std::string block) {
    co_await emptied_;
    if (is_refused_) co_return false;
    block_ = std::move(block);
    emptied_.add();
    filled_.sub();
    co_return true;
  }

  /// Says that no more comes, and why if there was an error. Once, as the last call.
  weft::Task<> close(std::exception_ptr error) {
    co_await emptied_;
    block_.clear();
    error_ = std::move(error);
    is_closed_ = true;
    filled_.sub();  // for good: there is no end of the end
  }

  // ---- for the reader ----

  /// Waits for a block; an empty one is the end. Errors: what the writer closed with.
  weft::Task<std::string> take() {
    co_await filled_;
    if (is_closed_) {
      if (error_) std::rethrow_exception(error_);
      co_return std::string();
    }
    std::string block = std::move(block_);
    filled_.add();
    emptied_.sub();
    co_return block;
  }

  /// Wants no more; waits until the writer has closed, and drops what it had to say.
  weft::Task<> refuse() {
    co_await filled_;
    while (!is_closed_) {
      is_refused_ = true;
      filled_.add();
      emptied_.sub();
      co_await filled_;
    }
  }

 private:
  weft::Counter emptied_;    // zero: the writer's turn
  weft::Counter filled_{1};  // zero: the reader's turn
  // ---- whose turn it is ----
  std::string block_;
  std::exception_ptr error_;
  bool is_closed_ = false;
  bool is_refused_ = false;
};

}  // namespace legacy_port
