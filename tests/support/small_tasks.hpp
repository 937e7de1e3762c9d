/// @file
/// Small tasks that the tests start.
#pragma once

#include <weft/weft.hpp>

#include "support/counted.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>

namespace weft_test {

inline weft::Task<int> value_of(int value) { co_return value; }
inline weft::Task<int> value_later(int value) {
  co_await weft::yield();
  co_return value;
}
/// May run beside others that add to the same sum.
inline weft::Task<> add(std::atomic<int>& sum, int n) {
  sum.fetch_add(n);
  co_return;
}
/// May run beside others that count in the same place.
inline weft::Task<> count(std::atomic<int>& ran) {
  ran.fetch_add(1);
  co_return;
}
inline weft::Task<int&> refer_to(int& value) { co_return value; }
inline weft::Task<std::unique_ptr<int>> own(int value) { co_return std::make_unique<int>(value); }
inline weft::Task<Counted> counted(int value) { co_return Counted(value); }
inline weft::Task<int> fails() {
  throw std::runtime_error("child");
  co_return 0;
}

}  // namespace weft_test
