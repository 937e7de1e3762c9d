#include <weft/coro/stop_scope.hpp>

#include <cstdio>
#include <memory>
#include <optional>

namespace weft::inline v0 {

struct StopScope::Source {
  struct Forward {
    std::stop_source* to;
    void operator()() const noexcept { to->request_stop(); }
  };
  std::stop_source own;
  std::optional<std::stop_callback<Forward>> from_around;
  std::optional<std::stop_callback<Forward>> from_outside;
};

StopScope::StopScope(StopScope* around, std::stop_token outside) : StopScope(around) {
  Source& made = source();
  made.from_outside.emplace(std::move(outside), Source::Forward{&made.own});
}

void detail::free_stop_source(std::uintptr_t source) noexcept { delete reinterpret_cast<StopScope::Source*>(source); }

StopScope::Source& StopScope::source() {
  // [scope.source] acquire: pairs with the exchange below; the Source is complete.
  std::uintptr_t word = word_.load(acquire);
  if (word > kStopped) return *reinterpret_cast<Source*>(word);

  auto made = std::make_unique<Source>();
  if (StopScope* const scope = around()) {
    made->from_around.emplace(scope->token(), Source::Forward{&made->own});
  }
  // [scope.source] acq_rel: publishes the Source to whoever finds the pointer; on failure acquires the winner's.
  do {
    if (word > kStopped) return *reinterpret_cast<Source*>(word);
    // Before it is published: whoever has seen the request must not see it taken back.
    if (word == kStopped) made->own.request_stop();
  } while (!word_.compare_exchange_weak(word, reinterpret_cast<std::uintptr_t>(made.get()), acq_rel, acquire));
  return *made.release();
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
    // [scope.stopped] [scope.source] acquire: pairs with request_stop() and source().
    const std::uintptr_t word = scope->word_.load(acquire);
    if (word == kStopped) return true;
    // A Source hears of the scopes around it by itself.
    if (word > kStopped) return reinterpret_cast<const Source*>(word)->own.stop_requested();
  }
  return false;
}

std::stop_token StopScope::token() { return source().own.get_token(); }

UnhandledHandler::UnhandledHandler(const char* where, std::function<void(std::exception_ptr)> handler)
    : where_(where), handler_(std::move(handler)) {}

void UnhandledHandler::operator()(std::exception_ptr error) const noexcept {
  if (handler_) {
    handler_(std::move(error));
    return;
  }
  std::fprintf(stderr, "weft: work that nobody waits for, started in a %s, ended with an exception\n", where_);
  std::rethrow_exception(std::move(error));  // out of a noexcept function: std::terminate, with the exception at hand
}

}  // namespace weft::inline v0
