#include "read_input.hpp"

#include <new>
#include <system_error>

#include <weft/weft.hpp>

#include "program/input_error.hpp"

namespace raytracer {

namespace io = weft::io;
using program::InputError;
using weft::Task;

namespace {

/// Says what an error of the system's means for this file.
InputError failed(const std::string& file, const char* what, std::error_code error) {
  return {file, what + error.message()};
}

}  // namespace

Task<std::string> read_input(std::filesystem::path path, std::uintmax_t most_bytes) {
  const std::string name = path.string();
  const auto info = co_await io::stat(name).or_error();
  if (info.error() == std::errc::no_such_file_or_directory) {
    throw InputError(name, "there is no such file");
  }
  if (!info) throw failed(name, "it cannot be read: ", info.error());
  if ((*info).kind == io::FileKind::Directory) {
    throw InputError(name, "it is a directory, not a file");
  }
  if ((*info).kind != io::FileKind::Regular) throw InputError(name, "it is not a regular file");
  // A file may say that it is larger than it is, or than the memory of any machine.
  const std::string says = "it has " + std::to_string((*info).size) + " bytes, ";
  if ((*info).size > most_bytes) {
    throw InputError(name,
                     says + "more than the " + std::to_string(most_bytes) + " this program takes");
  }
  auto opened = co_await io::File::open(name).or_error();
  if (!opened) throw failed(name, "it cannot be opened: ", opened.error());
  const io::File file = opened.take();
  try {
    co_return co_await file.read_all();
  } catch (const std::system_error& error) {
    throw failed(name, "reading it failed: ", error.code());
  } catch (const std::bad_alloc&) {
    throw InputError(name, says + "for which there is no memory");
  }
}

}  // namespace raytracer
