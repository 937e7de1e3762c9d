/// @file
/// swapcontext, which asks the kernel each time to keep the signal mask.
#include <ucontext.h>

#include <cstdint>
#include <memory>

#include "fiber/cases.hpp"

namespace fibers {
namespace {

class UcontextFiber {
 public:
  UcontextFiber() {
    getcontext(&self_);
    self_.uc_stack.ss_sp = stack_.get();
    self_.uc_stack.ss_size = kStackBytes;
    self_.uc_link = &host_;
    // It passes ints only.
    const auto address = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&self_, reinterpret_cast<void (*)()>(&UcontextFiber::main), 2, static_cast<unsigned>(address),
                static_cast<unsigned>(address >> 32));
  }
  UcontextFiber(const UcontextFiber&) = delete;
  UcontextFiber& operator=(const UcontextFiber&) = delete;
  ~UcontextFiber() {
    is_over_ = true;
    resume();
  }

  void resume() { swapcontext(&host_, &self_); }
  [[nodiscard]] std::size_t runs() const { return runs_; }

 private:
  static void main(unsigned low, unsigned high) {
    auto& self = *reinterpret_cast<UcontextFiber*>(static_cast<std::uintptr_t>(high) << 32 | low);
    while (!self.is_over_) {
      ++self.runs_;
      swapcontext(&self.self_, &self.host_);
    }
  }

  ucontext_t host_{};
  ucontext_t self_{};
  std::size_t runs_ = 0;
  bool is_over_ = false;
  const std::unique_ptr<std::byte[]> stack_{new std::byte[kStackBytes]};
};

[[maybe_unused]] const bool added = add_switches<UcontextFiber>("ucontext");

}  // namespace
}  // namespace fibers
