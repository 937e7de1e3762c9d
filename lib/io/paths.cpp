#include <weft/io/paths.hpp>

#include <fcntl.h>
#include <stdio.h>

namespace weft::inline v0::detail {

IoRequest rename_request(io::Replace replace) noexcept {
  return {.code = IoCode::Rename, .flags = replace == io::Replace::No ? std::uint32_t{RENAME_NOREPLACE} : 0};
}

IoRequest remove_directory_request() noexcept { return {.code = IoCode::Unlink, .flags = AT_REMOVEDIR}; }

std::vector<std::string> path_and_parents(std::string path) {
  std::vector<std::string> all;
  const auto drop_slashes = [&path] {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
  };
  drop_slashes();
  all.push_back(path);
  for (std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0; slash = path.rfind('/')) {
    path.resize(slash);
    drop_slashes();
    if (path == "/") break;
    all.push_back(path);
  }
  return all;
}

}  // namespace weft::inline v0::detail
