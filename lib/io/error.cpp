#include <weft/io/error.hpp>

#include <netdb.h>

#include <string>

namespace weft::inline v0 {
namespace io {

namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "weft::io"; }
  [[nodiscard]] std::string message(int error) const override {
    switch (static_cast<Errc>(error)) {
      case Errc::UnexpectedEnd: return "the stream has ended before all that was asked for had come";
    }
    return "error " + std::to_string(error);
  }
};

class ResolveCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "getaddrinfo"; }
  [[nodiscard]] std::string message(int error) const override { return ::gai_strerror(error); }
};

}  // namespace

const std::error_category& error_category() noexcept {
  static const Category category;
  return category;
}

const std::error_category& resolve_category() noexcept {
  static const ResolveCategory category;
  return category;
}

}  // namespace io

namespace detail {

void throw_io_error(std::error_code code, const IoSubject& subject) {
  std::string text = std::string("weft: ") + subject.what;
  if (subject.describe != nullptr) text += " of " + subject.describe(subject.object);
  throw std::system_error(code, text);
}

}  // namespace detail
}  // namespace weft::inline v0
