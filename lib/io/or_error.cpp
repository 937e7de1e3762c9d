#include <weft/io/or_error.hpp>

#include <fcntl.h>

namespace weft::inline v0::detail {

PathCall::PathCall(const IoRequest& request, const char* what, std::string&& path)
    : IoAwaiter(request, {what, this, &PathCall::describe}), path_(std::move(path)) {
  static_assert(kHere == AT_FDCWD);
  refer_to_own();
}

PathCall::PathCall(const IoRequest& request, const char* what, std::string&& path, std::string&& path_2)
    : IoAwaiter(request, {what, this, &PathCall::describe}), path_(std::move(path)), path_2_(std::move(path_2)), paths_(Paths::Two) {
  refer_to_own();
}

PathCall::PathCall(const IoRequest& request, const IoSubject& subject) noexcept : IoAwaiter(request, subject), is_on_path_(false) { address = ""; }

PathCall::PathCall(PathCall&& other) noexcept
    : IoAwaiter(other, other.is_on_path_ ? IoSubject{other.subject().what, this, &PathCall::describe} : other.subject()),
      path_(std::move(other.path_)),
      path_2_(std::move(other.path_2_)),
      paths_(other.paths_),
      is_on_path_(other.is_on_path_) {
  if (is_on_path_) refer_to_own();
}

void PathCall::refer_to_own() noexcept {
  // No file has a name with a zero in it, and the kernel would take what is before it for the name: to it there is no file then.
  const auto as_name = [](const std::string& path) { return path.find('\0') == std::string::npos ? path.c_str() : ""; };
  address = as_name(path_);
  if (paths_ == Paths::Two) address_2 = as_name(path_2_);
}

std::string PathCall::describe(const void* object) {
  const auto& self = *static_cast<const PathCall*>(object);
  std::string text = "'" + self.path_ + "'";
  if (self.paths_ == Paths::Two) text += " to '" + self.path_2_ + "'";
  return text;
}

}  // namespace weft::inline v0::detail
