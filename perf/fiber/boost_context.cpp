/// @file
/// Boost.Context: a switch and nothing else. Exceptions that are being handled do not travel with its fibers in the versions of most
/// distributions; the control words of the floating point unit do.
#include <boost/context/fiber.hpp>
#include <boost/context/fixedsize_stack.hpp>

#include <memory>
#include <utility>

#include "fiber/cases.hpp"

namespace fibers {
namespace {

namespace context = boost::context;

class BoostContextFiber {
 public:
  BoostContextFiber() = default;
  BoostContextFiber(const BoostContextFiber&) = delete;
  BoostContextFiber& operator=(const BoostContextFiber&) = delete;
  ~BoostContextFiber() {
    is_over_ = true;
    resume();
  }

  void resume() { self_ = std::move(self_).resume(); }
  [[nodiscard]] std::size_t runs() const { return runs_; }

 private:
  context::fiber main(context::fiber host) {
    while (!is_over_) {
      ++runs_;
      host = std::move(host).resume();
    }
    return host;
  }

  std::size_t runs_ = 0;
  bool is_over_ = false;
  context::fiber self_{std::allocator_arg, context::fixedsize_stack(kStackBytes),
                       [this](context::fiber&& host) { return main(std::move(host)); }};
};

[[maybe_unused]] const bool added = add_switches<BoostContextFiber>("boost-context");

}  // namespace
}  // namespace fibers
