// Operations by system calls that do not block, and epoll. Page: README.md beside this file.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <unordered_map>

#include "io/driver.hpp"
#include "io/faults.hpp"
#include "io/perform.hpp"
#include <weft/coro/blocking.hpp>

namespace weft::inline v0::detail {

namespace {

class EpollDriver final : public IoDriver {
 public:
  EpollDriver() : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")), wake_file_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    // Not EPOLLET: others look too, and what they have seen is to end the owner's wait all the same.
    epoll_event event{EPOLLIN, {.fd = wake_file_}};
    if (wake_file_ >= 0 && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_file_, &event) == 0) return;
    const int error = errno;
    close_all();
    throw std::system_error(error, std::system_category(), "weft: no descriptor to wake a worker by (eventfd)");
  }
  EpollDriver(const EpollDriver&) = delete;
  EpollDriver& operator=(const EpollDriver&) = delete;
  ~EpollDriver() override { close_all(); }

  bool start(IoOperation& operation, HandOver /*when*/) noexcept override {
    if (is_done_at_once(operation.code) || is_file_transfer(operation)) {
      const BlockingSection section;
      set_result(operation, perform(operation));
      return false;
    }
    const std::int32_t result = try_now(operation);
    if (result != -EAGAIN) {
      set_result(operation, result);
      return false;
    }
    const std::lock_guard lock(mutex_);
    if (is_refused(operation)) return false;
    if (const int error = watch(operation)) return !is_over(operation, -error);
    count_started();
    return true;
  }

  [[nodiscard]] IoBackend backend() const noexcept override { return IoBackend::Epoll; }

  bool poll(Next* next, Before /*before*/) noexcept override {
    const bool is_any = is_stop_asked() && look_for_stops();
    // relaxed: by whoever has the seat; it may have slept because of an event for which nobody waits any more, which is to be taken out all the same.
    if (!has_pending() && !has_slept_.load(relaxed) && !sleeps_elsewhere()) return is_any;
    // relaxed: as above.
    has_slept_.store(false, relaxed);
    return look(Looks::Owner, next) || is_any;
  }

  void wait(TimeNs until) noexcept override {
    if (is_stop_asked()) return;
    // What is found is woken by the poll() that follows: who has only slept may not have the seat (G1).
    pollfd asked{epoll_, POLLIN, 0};
    timespec span{};
    if (until != kNeverNs) {
      const TimeNs left = std::max<TimeNs>(until - std::chrono::steady_clock::now().time_since_epoch().count(), 0);
      span = {.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    }
    ::ppoll(&asked, 1, until != kNeverNs ? &span : nullptr, nullptr);
    // relaxed: as in poll().
    has_slept_.store(true, relaxed);
  }

  [[nodiscard]] int file() noexcept override {
    set_sleeps_elsewhere();
    return epoll_;
  }
  [[nodiscard]] int owner() const noexcept override { return 0; }
  [[nodiscard]] bool wants_owner() const noexcept override { return is_stop_asked(); }
  void interrupt() noexcept override {}
  bool poll_for_owner() noexcept override {
    const bool is_any = is_stop_asked() && look_for_stops();
    return (has_pending() && look(Looks::Other)) || is_any;
  }

 private:
  enum class Looks : bool { Owner, Other };

  /// Who waits for one file.
  struct Watched {
    IoOperation* first = nullptr;  // in the order in which they came
    std::uint32_t events = 0;      // for which epoll has been asked; it is asked once for each time that somebody waits
  };

  static int checked(int file, const char* call) {
    if (file < 0) throw std::system_error(errno, std::system_category(), std::string("weft: ") + call);
    return file;
  }
  void close_all() noexcept {
    if (wake_file_ >= 0) ::close(wake_file_);
    ::close(epoll_);
  }

  static bool is_file_transfer(const IoRequest& request) noexcept {
    const bool is_transfer = request.code == IoCode::Read || request.code == IoCode::Write || request.code == IoCode::ReadV || request.code == IoCode::WriteV;
    return is_transfer && (request.offset != IoRequest::kNoOffset || is_always_ready(request.fd));
  }

  /// -EAGAIN: it has to wait.
  static std::int32_t try_now(const IoRequest& request) noexcept {
    if (IoFaults* const faults = IoFaults::present(); faults != nullptr && events_of(request) != 0 && faults->must_wait(request)) [[unlikely]] return -EAGAIN;
    return perform(request);
  }

  void wake_owner() noexcept override {
    constexpr std::uint64_t kOne = 1;
    static_cast<void>(::write(wake_file_, &kOne, sizeof kOne));
  }
  void forget_wakes() noexcept {
    std::uint64_t wakes = 0;
    static_cast<void>(::read(wake_file_, &wakes, sizeof wakes));
  }

  /// Has epoll tell of what the operation waits for. Returns an error. Pre: mutex_ is held.
  int watch(IoOperation& operation) noexcept {
    try {
      Watched& watched = files_[operation.fd];
      const std::uint32_t events = watched.events | events_of(operation);
      if (const int error = ask(operation.fd, events)) {
        if (watched.first == nullptr) files_.erase(operation.fd);
        return error;
      }
      watched.events = events;
      IoOperation** end = &watched.first;
      while (*end != nullptr) end = &next_of(**end);
      *end = &operation;
      next_of(operation) = nullptr;
      return 0;
    } catch (const std::bad_alloc&) {
      return ENOMEM;
    }
  }

  int ask(int file, std::uint32_t events) const noexcept {
    epoll_event event{events | EPOLLONESHOT, {.fd = file}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, file, &event) == 0) return 0;
    if (errno == ENOENT && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, file, &event) == 0) return 0;
    return errno;
  }

  /// Does what is ready. False: nothing has ended. A wake-up is the owner's: if somebody else took it while the owner goes to sleep, it would sleep on.
  bool look(Looks who, Next* next = nullptr) noexcept {
    std::array<epoll_event, 128> events;  // NOLINT: written by the kernel
    Landed landed;
    {
      const std::lock_guard lock(mutex_);
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
      for (int i = 0; i < count; ++i) {
        const int file = events[static_cast<std::size_t>(i)].data.fd;
        if (file == wake_file_) {
          if (who == Looks::Owner) forget_wakes();
        } else {
          do_ready(file, landed);
        }
      }
    }
    return landed.wake(next);
  }

  /// Pre: mutex_ is held.
  void do_ready(int file, Landed& landed) noexcept {
    const auto found = files_.find(file);
    if (found == files_.end()) return;
    std::uint32_t events = 0;
    std::uint32_t tried = 0;  // of those for which one has to wait the others have to wait as well
    IoOperation** link = &found->second.first;
    while (*link != nullptr) {
      IoOperation& operation = **link;
      const std::uint32_t wanted = events_of(operation);
      const std::int32_t result = (tried & wanted) != 0 ? -EAGAIN : try_now(operation);
      if (result == -EAGAIN) {
        tried |= wanted;
        events |= wanted;
        link = &next_of(operation);
        continue;
      }
      *link = next_of(operation);
      end(operation, result, landed);
    }
    found->second.events = events;
    if (found->second.first == nullptr) {
      files_.erase(found);
    } else if (const int error = ask(file, events)) {
      end_all_of(found, -error, landed);
    }
  }

  using Files = std::unordered_map<int, Watched>;

  void end(IoOperation& operation, std::int32_t result, Landed& landed) noexcept {
    landed.push(operation, result);
    count_landed(1);
  }

  void end_all_of(Files::iterator file, std::int32_t result, Landed& landed) noexcept {
    IoOperation* operation = file->second.first;
    files_.erase(file);
    while (operation != nullptr) {
      IoOperation* const next = next_of(*operation);
      end(*operation, result, landed);
      operation = next;
    }
  }

  bool look_for_stops() noexcept {
    Landed landed;
    {
      const std::lock_guard lock(mutex_);
      take_stop_requests([] { return true; }, [&](IoOperation& operation, bool) { end_one(operation, landed); },
                         [&](IoOperation& operation) { landed.push_ready(operation); });
      if (take_stop_all()) {
        while (!files_.empty()) end_all_of(files_.begin(), -ECANCELED, landed);
      }
    }
    return landed.wake();
  }

  /// Unless it has ended. Pre: mutex_ is held.
  void end_one(IoOperation& operation, Landed& landed) noexcept {
    const auto found = files_.find(operation.fd);
    if (found == files_.end()) return;
    for (IoOperation** link = &found->second.first; *link != nullptr; link = &next_of(**link)) {
      if (*link != &operation) continue;
      *link = next_of(operation);
      end(operation, -ECANCELED, landed);
      if (found->second.first == nullptr) files_.erase(found);
      return;
    }
  }

  const int epoll_;
  const int wake_file_;
  Atomic<bool> has_slept_{false};
  std::mutex mutex_;
  // ---- guarded by mutex_ ----
  Files files_;
};

}  // namespace

std::unique_ptr<IoDriver> make_epoll_driver() { return std::make_unique<EpollDriver>(); }

}  // namespace weft::inline v0::detail
