#include <weft/io/received_bytes.hpp>

namespace weft::inline v0::detail {

BufferHome::~BufferHome() = default;

}  // namespace weft::inline v0::detail
