#include <weft/io/pipe.hpp>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace weft::inline v0::detail {

std::pair<io::Descriptor, io::Descriptor> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_io_error(errno, {"pipe"});
  return {io::Descriptor(ends[0]), io::Descriptor(ends[1])};
}

void ignore_pipe_signal() noexcept {
  struct sigaction now {};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0 || now.sa_handler != SIG_DFL) return;
  now.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &now, nullptr);
}

}  // namespace weft::inline v0::detail

namespace weft::inline v0::io {

PipeEnd::PipeEnd(Descriptor file) : file_(std::move(file)) {
  const int flags = ::fcntl(native_handle(), F_GETFL);
  if (flags < 0 || ::fcntl(native_handle(), F_SETFL, flags | O_NONBLOCK) < 0) detail::throw_io_error(errno, subject("setting an option"));
}

std::string PipeEnd::describe() const { return is_open() ? "pipe " + std::to_string(native_handle()) : "a closed pipe"; }

std::string PipeEnd::describe_end(const void* end) { return static_cast<const PipeEnd*>(end)->describe(); }

}  // namespace weft::inline v0::io
