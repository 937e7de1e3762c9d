/// @file
/// Atomics for protocols in which whoever goes on may destroy what the others have just used.
#pragma once

#include <atomic>
#include <cstdint>

#include "support/relacy_policy.hpp"

namespace model {

/// An atomic that may be destroyed only after every access to it, as C++ has it. relacy by itself sees a late access
/// only if it is executed late; here one that no edge orders before the destruction is an error as well.
template <class T>
class MortalAtomic {
 public:
  MortalAtomic(T value) : atomic_(value) {}

  T load(std::memory_order order, const Where& where = Where::current()) const {
    touch();
    return atomic_.load(order, where);
  }
  void store(T value, std::memory_order order, const Where& where = Where::current()) {
    touch();
    atomic_.store(value, order, where);
  }
  T exchange(T value, std::memory_order order, const Where& where = Where::current()) {
    touch();
    return atomic_.exchange(value, order, where);
  }
  T fetch_add(T value, std::memory_order order, const Where& where = Where::current()) {
    touch();
    return atomic_.fetch_add(value, order, where);
  }
  T fetch_sub(T value, std::memory_order order, const Where& where = Where::current()) {
    touch();
    return atomic_.fetch_sub(value, order, where);
  }
  T fetch_xor(T value, std::memory_order order, const Where& where = Where::current()) {
    touch();
    return atomic_.fetch_xor(value, order, where);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success, std::memory_order failure,
                               const Where& where = Where::current()) {
    touch();
    return atomic_.compare_exchange_strong(expected, desired, success, failure, where);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success, std::memory_order failure,
                             const Where& where = Where::current()) {
    touch();
    return atomic_.compare_exchange_weak(expected, desired, success, failure, where);
  }

 private:
  void touch() const { static_cast<void>(static_cast<int>(life_)); }

  Atomic<T> atomic_;
  Plain<int> life_{0};  // read by each access, written by the destructor
};

/// ModelAtomics with such atomics.
struct MortalAtomics : ModelAtomics {
  template <class T>
  using Atomic = MortalAtomic<T>;
};

}  // namespace model
