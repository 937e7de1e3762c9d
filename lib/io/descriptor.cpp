#include <weft/io/descriptor.hpp>

#include <unistd.h>

namespace weft::inline v0::io {

void Descriptor::close() noexcept {
  // An error here is about what was written before, which nobody can do anything about; the descriptor is free in any case.
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

}  // namespace weft::inline v0::io
