/// @file
/// Process: another program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weft/base/platform.hpp>
#include <weft/io/descriptor.hpp>
#include <weft/io/file_handle.hpp>
#include <weft/io/pipe.hpp>
#include <weft/io/series.hpp>

namespace weft::inline v0 {
namespace detail {
class WaitForExit;
}  // namespace detail

namespace io {

/// What a standard stream of a new program is.
enum class Stdio : std::uint8_t {
  Inherit,  ///< that of this program
  Null,     ///< /dev/null
  Pipe,     ///< a pipe to this program
  Output,   ///< of `error` only: what `output` is, as the shell's 2>&1
};

/// What a standard stream of a new program is: a Stdio, or a file.
///
/// Lifetime: the file stays the caller's, open until spawn has returned; the new program has it by itself from then on, with the position and the
///           flags that both see. A socket or pipe of weft's does not block (O_NONBLOCK), which few programs expect of a standard stream.
class StdioTarget {
 public:
  StdioTarget(Stdio kind) noexcept : kind_(kind) {}
  StdioTarget(const FileHandle& file) noexcept : descriptor_(file.descriptor()) {}
  StdioTarget(const Descriptor& file) noexcept : descriptor_(file.number()) {}
  StdioTarget(const FileHandle&&) = delete;
  StdioTarget(const Descriptor&&) = delete;

  /// Nothing: a file.
  [[nodiscard]] std::optional<Stdio> kind() const noexcept { return kind_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  std::optional<Stdio> kind_;
  int descriptor_ = -1;
};

struct ProcessOptions {
  StdioTarget input = Stdio::Inherit;
  StdioTarget output = Stdio::Inherit;
  StdioTarget error = Stdio::Inherit;
  /// "NAME=value". Nothing: this program's.
  std::optional<std::vector<std::string>> environment = std::nullopt;
  /// Empty: this program's.
  std::string working_directory = {};
};

/// How a program has ended.
struct ExitStatus {
  int code = 0;    ///< what it has returned, if no signal has ended it
  int signal = 0;  ///< that has ended it, or 0

  [[nodiscard]] bool is_success() const noexcept { return code == 0 && signal == 0; }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

/// What of a Process is no stream: its number, signals, its end.
///
/// Threads: as Process.
class ChildProcess {
 public:
  /// Its number; 0: there is none. Others may have the number once its end has been waited for.
  [[nodiscard]] int id() const noexcept { return id_; }
  /// Sends it a signal. False: it has ended. Errors: std::system_error.
  WEFT_API bool kill(int signal);
  /// How it has ended, if it has; does not wait. Errors: std::system_error.
  [[nodiscard]] WEFT_API std::optional<ExitStatus> try_wait();

 protected:
  /// This program's ends of the pipes: none where nobody has asked for one.
  struct Streams {
    Descriptor input;
    Descriptor output;
    Descriptor error;
  };

  ChildProcess() noexcept = default;
  /// Errors: see Process::spawn.
  WEFT_API ChildProcess(const std::vector<std::string>& arguments, const ProcessOptions& options, Streams& streams);
  ChildProcess(ChildProcess&& other) noexcept
      : name_(std::move(other.name_)), id_(std::exchange(other.id_, 0)), file_(std::move(other.file_)), status_(other.status_) {}
  WEFT_API ChildProcess& operator=(ChildProcess&& other) noexcept;
  WEFT_API ~ChildProcess();

 private:
  friend class detail::WaitForExit;
  /// The number of an error, or 0.
  [[nodiscard]] int look() noexcept;
  [[nodiscard]] detail::IoSubject subject(const char* what) const noexcept;
  void end_now() noexcept;

  std::string name_;
  int id_ = 0;
  Descriptor file_;  // a pidfd
  std::optional<ExitStatus> status_;
};

}  // namespace io

namespace detail {

class WEFT_API WaitForExit : public IoSeries {
 public:
  explicit WaitForExit(io::ChildProcess& process) noexcept : process_(process) {}
  ~WaitForExit() override;

 protected:
  bool next(IoRequest& request) noexcept override;
  void take(std::int32_t result) noexcept override;
  [[nodiscard]] IoSubject subject() const noexcept override;
  [[nodiscard]] io::ExitStatus take_value() const noexcept { return *process_.status_; }

 private:
  io::ChildProcess& process_;
};

}  // namespace detail

namespace io {
inline namespace WEFT_TRANSFER_NAMESPACE {

/// Another program that this one has started.
///
///     auto sort = io::Process::spawn({"sort", "-n"}, {.input = io::Stdio::Pipe, .output = io::Stdio::Pipe});
///
/// Threads:  one at a time; its streams as PipeReader and PipeWriter, beside it.
/// Lifetime: one whose end nobody has waited for is killed (SIGKILL) by the destructor, which waits for that: none is left behind, as a zombie
///           neither. It is not moved while somebody waits.
/// Cost:     of the start: the system's, some 100 us, in which the thread is blocked. Its end is waited for by a pidfd (Linux 5.3), without signals.
/// Note:     a program that ignores SIGCHLD, or waits for any child by itself, takes away how this one has ended: wait() then fails with "No child
///           processes".
class Process : public ChildProcess {
 public:
  /// None.
  Process() noexcept = default;

  /// Starts a program. It gets no descriptor but its standard streams, no blocked signal, and the default for SIGPIPE.
  ///
  /// @param arguments  the first is the program, which is looked for in PATH if it has no '/'
  /// @param options    what its standard streams are, and where and with which environment it begins
  /// Errors: std::system_error: "weft: spawn of no-such-program: No such file or directory"; UsageError if there is no first argument, and for
  ///         Stdio::Output where it means nothing.
  [[nodiscard]] static Process spawn(const std::vector<std::string>& arguments, const ProcessOptions& options = {}) {
    return {arguments, options, Streams()};
  }

  /// Waits for its end. `co_await` gives an ExitStatus, the same each time.
  ///
  /// A program that writes into a pipe which nobody reads never ends: read first, or meanwhile; and close input() where it reads to the end.
  /// Errors: std::system_error; OperationCancelled after a stop request, and the program goes on.
  /// Cost:   two system calls and what waiting takes; no allocation.
  [[nodiscard]] detail::SeriesCall<detail::WaitForExit, ExitStatus> wait() noexcept {
    return detail::SeriesCall<detail::WaitForExit, ExitStatus>(static_cast<ChildProcess&>(*this));
  }

  /// What is written here it reads. Closed if no pipe was asked for, as are the others.
  [[nodiscard]] PipeWriter& input() noexcept { return input_; }
  [[nodiscard]] PipeReader& output() noexcept { return output_; }
  [[nodiscard]] PipeReader& error() noexcept { return error_; }

 private:
  Process(const std::vector<std::string>& arguments, const ProcessOptions& options, Streams&& streams)
      : ChildProcess(arguments, options, streams) {
    if (streams.input.is_open()) input_ = PipeWriter(std::move(streams.input));
    if (streams.output.is_open()) output_ = PipeReader(std::move(streams.output));
    if (streams.error.is_open()) error_ = PipeReader(std::move(streams.error));
  }

  PipeWriter input_;
  PipeReader output_;
  PipeReader error_;
};

}  // namespace WEFT_TRANSFER_NAMESPACE
}  // namespace io
}  // namespace weft::inline v0
