#include <algorithm>

#include <weft/base/error.hpp>
#include <weft/io/buffered_reader.hpp>

namespace weft::inline v0::detail {

std::span<std::byte> ReadBuffer::room(std::size_t wanted) {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    // What is handed out as a view is in it until the next call, so it is not before now that it can go.
    if (bytes_.size() > std::max(least_, kKept)) bytes_ = std::vector<std::byte>(least_);
  }
  // What there is moves to the front only when it must, so that a byte is moved once in a buffer full of them.
  if (end_ == bytes_.size() || begin_ + wanted > bytes_.size()) {
    std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_), bytes_.begin() + static_cast<std::ptrdiff_t>(end_), bytes_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == bytes_.size()) bytes_.resize(std::min(wanted, 2 * bytes_.size()));
  return std::span(bytes_).subspan(end_);
}

void throw_over_limit(const char* what, const std::string& of, const std::string& why, std::size_t most) {
  throw LimitError(std::string("weft: ") + what + " of " + of + ": " + why + "; the limit is " + std::to_string(most) + " bytes");
}

}  // namespace weft::inline v0::detail
