#include <weft/io/call.hpp>

namespace weft::inline v0::detail {

void throw_io_error(int number, const IoSubject& subject) {
  std::string text = std::string("weft: ") + subject.what;
  if (subject.describe != nullptr) text += " of " + subject.describe(subject.object);
  throw std::system_error(number, std::system_category(), text);
}

}  // namespace weft::inline v0::detail
