// weft was built without liburing.
#include <cerrno>
#include <memory>

#include "io/driver.hpp"

namespace weft::inline v0::detail {

std::unique_ptr<IoDriver> make_uring_driver(int& error) noexcept {
  error = ENOSYS;
  return nullptr;
}

}  // namespace weft::inline v0::detail
