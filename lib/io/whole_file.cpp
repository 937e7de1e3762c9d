#include <weft/io/whole_file.hpp>

#include <unistd.h>

#include <weft/base/atomic.hpp>

namespace weft::inline v0::detail {

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

std::string temporary_name_beside(const std::string& path) {
  static Atomic<std::uint32_t> names{0};
  // relaxed: each number is given once, and that is all.
  const std::uint32_t number = names.fetch_add(1, relaxed);
  // Not the name with an ending, which could be too long.
  std::string name = directory_of(path);
  if (!name.ends_with('/')) name += '/';
  name += ".weft-" + std::to_string(::getpid()) + "-" + std::to_string(number) + ".part";
  return name;
}

void remove_silently(const std::string& path) noexcept { ::unlink(path.c_str()); }

}  // namespace weft::inline v0::detail
