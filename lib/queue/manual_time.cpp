#include <weft/queue/manual_time.hpp>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include <weft/base/assert.hpp>
#include <weft/base/error.hpp>

namespace weft::inline v0::detail {

namespace {

constexpr TimeNs kLastNs = kNeverNs - 1;  // what is for ever does not end (C3)

}  // namespace

struct ManualTime::Followers {
  std::mutex mutex;
  // ---- guarded by mutex ----
  std::vector<Follower*> all;
};

ManualTime::ManualTime(TimeNs start) : now_(std::min(start, kLastNs)), followers_(std::make_unique<Followers>()) {
  if (start < 0) {
    throw UsageError("weft: a ManualClock was to start at " + std::to_string(start) + " ns, before the epoch of the steady clock");
  }
}

ManualTime::~ManualTime() {
  WEFT_CHECK(followers_->all.empty(), "a ManualClock was destroyed before a Runtime that goes by it: make it before the Runtime");
}

/// Pre: the mutex is held, and the time is not over.
void ManualTime::move_to(TimeNs time) noexcept {
  // [clock.moved] release: pairs with now().
  now_.store(std::min(time, kLastNs), release);
  for (Follower* const follower : followers_->all) follower->time_has_moved();
}

void ManualTime::advance(TimeNs span) {
  if (span < 0) throw UsageError("weft: a ManualClock was to be advanced by " + std::to_string(span) + " ns: it does not go back");
  const std::lock_guard lock(followers_->mutex);
  const TimeNs before = now();
  move_to(span > kLastNs - before ? kLastNs : before + span);
}

void ManualTime::advance_to(TimeNs time) {
  const std::lock_guard lock(followers_->mutex);
  if (time < now()) {
    throw UsageError("weft: a ManualClock was to be advanced from " + std::to_string(now()) + " to " + std::to_string(time) +
                     " ns: it does not go back");
  }
  move_to(time);
}

void ManualTime::reach(TimeNs time) noexcept {
  const std::lock_guard lock(followers_->mutex);
  if (time > now()) move_to(time);
}

/// Pre: the mutex is held.
TimeNs ManualTime::first_timer() noexcept {
  TimeNs first = kNeverNs;
  for (Follower* const follower : followers_->all) first = std::min(first, follower->next_timer());
  return first;
}

TimeNs ManualTime::next_timer() noexcept {
  const std::lock_guard lock(followers_->mutex);
  return first_timer();
}

bool ManualTime::advance_to_next() noexcept {
  const std::lock_guard lock(followers_->mutex);
  const TimeNs first = first_timer();
  if (first == kNeverNs) return false;
  if (first > now()) move_to(first);
  return true;
}

void ManualTime::add(Follower& follower) {
  const std::lock_guard lock(followers_->mutex);
  followers_->all.push_back(&follower);
}

void ManualTime::remove(Follower& follower) noexcept {
  const std::lock_guard lock(followers_->mutex);
  std::erase(followers_->all, &follower);
}

}  // namespace weft::inline v0::detail
