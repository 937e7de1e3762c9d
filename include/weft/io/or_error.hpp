/// @file
/// Operations whose memory is in themselves: a path, a result.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <weft/base/platform.hpp>
#include <weft/io/call.hpp>

namespace weft::inline v0::detail {

/// An operation on a path, or on two, which it keeps, so that the caller's may go.
class PathCall : public IoAwaiter {
 protected:
  /// The directory of the process, for paths that do not begin with a slash.
  static constexpr int kHere = -100;  // AT_FDCWD

  /// Whether the second path is given: as `address_2`.
  enum class Paths : bool { One, Two };

  WEFT_API PathCall(const IoRequest& request, const char* what, std::string&& path);
  WEFT_API PathCall(const IoRequest& request, const char* what, std::string&& path, std::string&& path_2);
  /// On no path, but on a file that outlives the operation and that the subject describes.
  WEFT_API PathCall(const IoRequest& request, const IoSubject& subject) noexcept;
  /// Pre: it has not begun.
  WEFT_API PathCall(PathCall&& other) noexcept;
  ~PathCall() = default;

  [[nodiscard]] std::string take_path() noexcept { return std::move(path_); }

 private:
  static std::string describe(const void* object);
  void refer_to_own() noexcept;

  std::string path_;
  std::string path_2_;
  Paths paths_ = Paths::One;
  bool is_on_path_ = true;
};

inline namespace WEFT_TRANSFER_NAMESPACE {

/// An operation on paths that gives nothing.
class [[nodiscard("co_await it")]] PathChange : public PathCall {
 public:
  using Value = void;

  PathChange(const IoRequest& request, const char* what, std::string&& path) : PathCall(in_this_directory(request), what, std::move(path)) {}
  PathChange(const IoRequest& request, const char* what, std::string&& path, std::string&& path_2)
      : PathCall(in_this_directory(request), what, std::move(path), std::move(path_2)) {}
  PathChange(PathChange&& not_begun) noexcept = default;

  void await_resume() { end_or_throw(); }
  /// The same, with errors as values: for those that are nothing unusual.
  [[nodiscard]] OrError<PathChange> or_error() && { return OrError<PathChange>(std::move(*this)); }

 private:
  static IoRequest in_this_directory(IoRequest request) noexcept {
    request.fd = kHere;
    request.fd_2 = kHere;
    return request;
  }
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace weft::inline v0::detail
