#include <weft/coro/stop_scope.hpp>

#include <weft/base/error.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace weft::inline v0 {

namespace {

// What this thread is still to ask, while it is asking.
thread_local std::vector<std::stop_source>* left_to_ask = nullptr;

/// Makes a stop request whose callbacks make further ones, without a call within a call for each: scopes are nested as deep as forks,
/// which is deeper than a stack.
void ask(const std::stop_source& source) noexcept {
  std::stop_source next(source);  // holds the state, for the scope may be gone when its turn comes
  if (left_to_ask != nullptr) {
    try {
      left_to_ask->push_back(std::move(next));
    } catch (const std::bad_alloc&) {
      std::stop_source(source).request_stop();
    }
    return;
  }
  std::vector<std::stop_source> left;
  left_to_ask = &left;
  for (;;) {
    next.request_stop();
    if (left.empty()) break;
    next = std::move(left.back());
    left.pop_back();
  }
  left_to_ask = nullptr;
}

}  // namespace

struct StopScope::Source {
  struct Forward {
    std::stop_source* to;
    void operator()() const noexcept { ask(*to); }
  };

  std::stop_source own;
  std::optional<std::stop_callback<Forward>> from_around;
  std::optional<std::stop_callback<Forward>> from_outside;
};

StopScope::StopScope(StopScope* around, std::stop_token outside) : StopScope(around) {
  Source& made = source();
  if (outside.stop_requested()) made.own.request_stop();  // at once, as in make_source()
  made.from_outside.emplace(std::move(outside), Source::Forward{&made.own});
}

void detail::free_stop_source(std::uintptr_t source) noexcept { delete reinterpret_cast<StopScope::Source*>(source); }

StopScope::Source* StopScope::made_source() const noexcept {
  // [scope.source] acquire: pairs with the exchange in make_source(); the Source is complete.
  const std::uintptr_t word = word_.load(acquire);
  return word > kStopped ? reinterpret_cast<Source*>(word) : nullptr;
}

StopScope::Source& StopScope::source() {
  if (Source* const made = made_source()) return *made;
  // From the outermost that has none to this one; scopes are nested too deep for a recursion.
  std::vector<StopScope*> without;
  const StopScope* outer = this;
  for (StopScope* scope = this; scope != nullptr && scope->made_source() == nullptr; scope = scope->around()) {
    without.push_back(scope);
    outer = scope->around();
  }
  // When this thread is in the middle of asking, the callbacks tell the new ones later; but what is so is so.
  const bool is_asked = outer != nullptr && outer->stop_requested();
  for (; !without.empty(); without.pop_back()) without.back()->make_source(is_asked);
  return *made_source();
}

/// Pre: the scope around has a Source.
void StopScope::make_source(bool is_asked) {
  auto made = std::make_unique<Source>();
  if (const StopScope* const scope = around()) {
    const std::stop_source& from = scope->made_source()->own;
    made->from_around.emplace(from.get_token(), Source::Forward{&made->own});
    if (is_asked || from.stop_requested()) made->own.request_stop();
  }
  // relaxed: the exchange below validates it.
  std::uintptr_t word = word_.load(relaxed);
  // [scope.source] acq_rel: publishes the Source to whoever finds the pointer; on failure acquires the winner's.
  do {
    if (word > kStopped) return;
    // Before it is published: whoever has seen the request must not see it taken back.
    if (word == kStopped) made->own.request_stop();
  } while (!word_.compare_exchange_weak(word, reinterpret_cast<std::uintptr_t>(made.get()), acq_rel, acquire));
  static_cast<void>(made.release());
}

void StopScope::request_stop() noexcept {
  std::uintptr_t word = kQuiet;
  // [scope.source] acquire on failure: the Source found there is complete. release on success: what the stopper did
  // before is visible to a task that sees the request in [scope.stopped].
  if (word_.compare_exchange_strong(word, kStopped, acq_rel, acquire) || word == kStopped) return;
  reinterpret_cast<Source*>(word)->own.request_stop();
}

bool StopScope::stop_requested() const noexcept {
  for (const StopScope* scope = this; scope != nullptr; scope = scope->around()) {
    // [scope.stopped] [scope.source] acquire: pairs with request_stop() and make_source().
    const std::uintptr_t word = scope->word_.load(acquire);
    if (word == kStopped) return true;
    // If not, one around it may have been asked all the same, and its callbacks not have come that far yet.
    if (word > kStopped && reinterpret_cast<const Source*>(word)->own.stop_requested()) return true;
    if ((scope->around_ & kLimited) != 0 && static_cast<const LimitedScope*>(scope)->is_over()) return true;
  }
  return false;
}

TimeNs StopScope::deadline() const noexcept {
  TimeNs earliest = kNeverNs;
  for (const StopScope* scope = this; scope != nullptr; scope = scope->around()) {
    if ((scope->around_ & kLimited) != 0) earliest = std::min(earliest, static_cast<const LimitedScope*>(scope)->until());
  }
  return earliest;
}

std::stop_token StopScope::token() { return source().own.get_token(); }

UnhandledHandler::UnhandledHandler(const char* where, std::function<void(std::exception_ptr)> handler)
    : where_(where), handler_(std::move(handler)) {}

void UnhandledHandler::operator()(std::exception_ptr error) const noexcept {
  // Work that was asked to stop, and did.
  if (detail::is_cancellation(error)) return;
  if (handler_) {
    handler_(std::move(error));
    return;
  }
  std::fprintf(stderr, "weft: work that nobody waits for, started in a %s, ended with an exception\n", where_);
  std::rethrow_exception(std::move(error));  // out of a noexcept function: std::terminate, with the exception at hand
}

}  // namespace weft::inline v0
