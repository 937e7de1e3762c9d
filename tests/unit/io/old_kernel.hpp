/// @file
/// A kernel before 6.13, whose rings cannot be woken by a message.
#pragma once

#include <weft/weft.hpp>

#include <atomic>
#include <memory>
#include <vector>

#include "io/faults.hpp"
#include "unit/io/backends.hpp"

namespace weft_test {

/// While it lives, rings that are made are woken by an eventfd that they read.
class OldKernel final : public weft::detail::IoFaults {
 public:
  OldKernel() { use(this); }
  ~OldKernel() override { use(nullptr); }

  bool has_messages() override {
    rings_.fetch_add(1);
    return false;
  }

  /// How many have been made.
  [[nodiscard]] int rings() const { return rings_.load(); }

 private:
  std::atomic<int> rings_{0};
};

/// A backend, and how its owner is woken.
struct WayToWake {
  weft::IoBackend backend;
  bool is_by_file;

  operator weft::IoBackend() const { return backend; }  // NOLINT: stands where a backend does
  friend const char* name_of(WayToWake way) { return way.is_by_file ? "io_uring of an old kernel" : ::name_of(way.backend); }
};

/// The backends that work here, and io_uring once more with an OldKernel: for `for`, whose body it is there for.
class WaysToWake {
 public:
  class Iterator {
   public:
    explicit Iterator(WaysToWake* all) : all_(all) {}
    WayToWake operator*() const { return all_->ways_[all_->at_]; }
    Iterator& operator++() {
      ++all_->at_;
      all_->kernel_.reset();
      if (!all_->is_over() && (**this).is_by_file) all_->kernel_ = std::make_unique<OldKernel>();
      return *this;
    }
    bool operator!=(const Iterator&) const { return !all_->is_over(); }

   private:
    WaysToWake* all_;
  };

  WaysToWake() {
    for (const weft::IoBackend backend : working_backends()) ways_.push_back({backend, false});
    if (ways_.back().backend == weft::IoBackend::Uring) ways_.push_back({weft::IoBackend::Uring, true});
  }

  Iterator begin() { return Iterator(this); }
  Iterator end() { return Iterator(this); }

 private:
  [[nodiscard]] bool is_over() const { return at_ == ways_.size(); }

  std::vector<WayToWake> ways_;
  std::size_t at_ = 0;
  std::unique_ptr<OldKernel> kernel_;
};

}  // namespace weft_test
