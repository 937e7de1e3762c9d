#include "sched/stepper.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace weft::inline v0 {

Stepper::Stepper()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (epoll_ < 0 || event_ < 0 || timer_ < 0 || !add(event_) || !add(timer_)) {
    const int error = errno;
    close_all();
    throw std::system_error(error, std::system_category(), "weft: no descriptors for a Runtime that is stepped (RuntimeOptions::is_stepped)");
  }
}

Stepper::~Stepper() { close_all(); }

void Stepper::close_all() noexcept {
  for (const int file : {epoll_, event_, timer_}) {
    if (file >= 0) ::close(file);
  }
}

bool Stepper::add(int file) noexcept {
  epoll_event event{EPOLLIN, {.fd = file}};
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, file, &event) == 0;
}

void Stepper::notify() noexcept {
  // [stepper.notified] acq_rel: what is to be done is visible to whoever clears it, or looks after this; partner: clear().
  if (is_notified_.exchange(true, acq_rel)) return;
  constexpr std::uint64_t kOne = 1;
  static_cast<void>(::write(event_, &kOne, sizeof kOne));
}

void Stepper::clear() noexcept {
  // relaxed: if it is set later, it is readable later.
  if (!is_notified_.load(relaxed)) return;
  std::uint64_t count = 0;
  // Whoever has set it may not have written yet: then it stays set, and the write makes one more step.
  if (::read(event_, &count, sizeof count) != sizeof count) return;
  // [stepper.notified] acq_rel: pairs with notify(). Whoever finds it set has come before this, and the look that follows sees what it is about.
  static_cast<void>(is_notified_.exchange(false, acq_rel));
}

void Stepper::arm(TimeNs next) noexcept {
  if (next == armed_ && next == kNeverNs) return;
  armed_ = next;
  itimerspec time{};
  // Zero would disarm it.
  const TimeNs at = std::max<TimeNs>(next, 1);
  if (next != kNeverNs) time.it_value = {.tv_sec = at / 1'000'000'000, .tv_nsec = at % 1'000'000'000};
  static_cast<void>(::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &time, nullptr));
}

bool Stepper::wait(std::chrono::steady_clock::time_point until) const noexcept {
  constexpr auto kNever = std::chrono::steady_clock::time_point::max();
  pollfd asked{epoll_, POLLIN, 0};
  timespec span{};
  if (until != kNever) {
    const auto left = std::max(until - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration::zero());
    const auto ns = std::chrono::nanoseconds(left).count();
    span = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  }
  return ::ppoll(&asked, 1, until != kNever ? &span : nullptr, nullptr) > 0;
}

bool Stepper::try_own() noexcept {
  const auto here = static_cast<int>(::syscall(SYS_gettid));
  int owner = 0;
  // relaxed: says who, and nothing else; what the owner does is its own.
  return owner_.compare_exchange_strong(owner, here, relaxed, relaxed) || owner == here;
}

}  // namespace weft::inline v0
