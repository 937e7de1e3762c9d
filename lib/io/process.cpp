#include <weft/io/process.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

#include <weft/base/error.hpp>

namespace weft::inline v0::detail {

namespace {

/// posix_spawn's lists of what is to be done, and their errors.
class SpawnPlan {
 public:
  explicit SpawnPlan(const IoSubject& subject) : subject_(subject) {
    check(::posix_spawn_file_actions_init(&actions_));
    if (const int error = ::posix_spawnattr_init(&attributes_); error != 0) {
      ::posix_spawn_file_actions_destroy(&actions_);
      check(error);
    }
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  void become(int from, int to) { check(::posix_spawn_file_actions_adddup2(&actions_, from, to)); }
  void open_null(int to) { check(::posix_spawn_file_actions_addopen(&actions_, to, "/dev/null", to == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0)); }
  void change_directory(const std::string& path) { check(::posix_spawn_file_actions_addchdir_np(&actions_, path.c_str())); }
  /// Weft's descriptors do not go further anyway; others' may.
  void close_all_but_streams() {
    check(::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1));
  }
  void reset_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    check(::posix_spawnattr_setsigmask(&attributes_, &set));
    ::sigaddset(&set, SIGPIPE);
    check(::posix_spawnattr_setsigdefault(&attributes_, &set));
    check(::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }
  int spawn(char** arguments, char** environment) {
    pid_t id = 0;
    check(::posix_spawnp(&id, arguments[0], &actions_, &attributes_, arguments, environment));
    return id;
  }

 private:
  void check(int error) const {
    if (error != 0) throw_io_error(error, subject_);
  }

  const IoSubject subject_;
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    if (text.find('\0') != text.npos) throw UsageError("weft: Process::spawn was given a text with a zero byte, which no program could see behind it");
    all.push_back(const_cast<char*>(text.c_str()));
  }
  all.push_back(nullptr);
  return all;
}

/// The same file by a number above those of the standard streams, which the new program's are laid over one after another.
io::Descriptor out_of_the_way(io::Descriptor file, const IoSubject& subject) {
  if (file.number() > STDERR_FILENO) return file;
  io::Descriptor moved(::fcntl(file.number(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!moved.is_open()) throw_io_error(errno, subject);
  return moved;
}

/// Prepares one of the standard streams. Returns the end of the program, to be closed here when that has it.
io::Descriptor prepare(const io::StdioTarget& target, int number, SpawnPlan& plan, io::Descriptor& end_here, const IoSubject& subject) {
  if (!target.kind()) {
    io::Descriptor copy(::fcntl(target.descriptor(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!copy.is_open()) throw_io_error(errno, subject);
    plan.become(copy.number(), number);
    return copy;
  }
  if (target.kind() == io::Stdio::Null) plan.open_null(number);
  if (target.kind() == io::Stdio::Output) {
    if (number != STDERR_FILENO) throw UsageError("weft: io::Process::spawn was given Stdio::Output for a stream that is not the error stream");
    plan.become(STDOUT_FILENO, STDERR_FILENO);
  }
  if (target.kind() != io::Stdio::Pipe) return {};
  auto [reader, writer] = make_pipe();
  reader = out_of_the_way(std::move(reader), subject);
  writer = out_of_the_way(std::move(writer), subject);
  const bool is_input = number == STDIN_FILENO;
  end_here = std::move(is_input ? writer : reader);
  io::Descriptor end_there = std::move(is_input ? reader : writer);
  plan.become(end_there.number(), number);
  return end_there;
}

int open_pid(int id) noexcept { return static_cast<int>(::syscall(SYS_pidfd_open, id, 0)); }

}  // namespace

WaitForExit::~WaitForExit() = default;

bool WaitForExit::next(IoRequest& request) noexcept {
  const int error = process_.id_ == 0 && !process_.status_ ? ECHILD : process_.look();
  if (error != 0) fail(-error);
  if (error != 0 || process_.status_) return false;
  request = {.code = IoCode::Poll, .fd = process_.file_.number(), .flags = POLLIN};
  return true;
}

void WaitForExit::take(std::int32_t result) noexcept {
  if (result < 0) fail(result);
}

IoSubject WaitForExit::subject() const noexcept { return process_.subject("wait"); }

}  // namespace weft::inline v0::detail

namespace weft::inline v0::io {

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const ProcessOptions& options, Streams& streams) {
  if (arguments.empty() || arguments.front().empty()) throw UsageError("weft: io::Process::spawn was called without the name of a program");
  name_ = arguments.front();
  const detail::IoSubject spawn = subject("spawn");
  detail::SpawnPlan plan(spawn);
  const Descriptor input = detail::prepare(options.input, STDIN_FILENO, plan, streams.input, spawn);
  const Descriptor output = detail::prepare(options.output, STDOUT_FILENO, plan, streams.output, spawn);
  const Descriptor error = detail::prepare(options.error, STDERR_FILENO, plan, streams.error, spawn);
  if (!options.working_directory.empty()) plan.change_directory(options.working_directory);
  plan.close_all_but_streams();
  plan.reset_signals();
  std::vector<char*> environment;
  if (options.environment) environment = detail::pointers_to(*options.environment);
  id_ = plan.spawn(detail::pointers_to(arguments).data(), options.environment ? environment.data() : environ);
  // Nobody else waits for it, so the number is its own until then.
  file_ = Descriptor(detail::open_pid(id_));
  if (file_.is_open()) return;
  const int number = errno;
  end_now();
  detail::throw_io_error(number, spawn);
}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this == &other) return *this;
  end_now();
  name_ = std::move(other.name_);
  id_ = std::exchange(other.id_, 0);
  file_ = std::move(other.file_);
  status_ = other.status_;
  return *this;
}

ChildProcess::~ChildProcess() { end_now(); }

void ChildProcess::end_now() noexcept {
  if (id_ == 0 || status_) return;
  // SIGKILL, and waiting for what it does, cannot fail, unless somebody else has waited for the program already.
  if (look() == 0 && !status_) {
    ::kill(id_, SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED) != 0 && errno == EINTR) {
    }
  }
  id_ = 0;
}

bool ChildProcess::kill(int signal) {
  if (const int error = look(); error != 0) detail::throw_io_error(error, subject("kill"));
  if (id_ == 0 || status_) return false;
  if (::kill(id_, signal) != 0) detail::throw_io_error(errno, subject("kill"));
  return true;
}

std::optional<ExitStatus> ChildProcess::try_wait() {
  if (const int error = look(); error != 0) detail::throw_io_error(error, subject("wait"));
  return status_;
}

int ChildProcess::look() noexcept {
  if (status_ || id_ == 0) return 0;
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG) != 0) {
    if (errno != EINTR) return errno;
  }
  if (info.si_pid == 0) return 0;
  status_ = info.si_code == CLD_EXITED ? ExitStatus{.code = info.si_status} : ExitStatus{.signal = info.si_status};
  return 0;
}

detail::IoSubject ChildProcess::subject(const char* what) const noexcept {
  return {what, &name_, [](const void* name) { return *static_cast<const std::string*>(name); }};
}

}  // namespace weft::inline v0::io
