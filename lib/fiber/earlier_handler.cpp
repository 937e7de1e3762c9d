#include "fiber/earlier_handler.hpp"

namespace weft::inline v0 {

namespace {

/// Whether somebody sent the signal. The other ones come from what the thread did; the kernel lets nobody ignore those.
bool is_sent(int signal, const siginfo_t& info) noexcept {
  return info.si_code <= 0 || (signal == SIGBUS && info.si_code == BUS_MCEERR_AO);  // a broken page that nobody has touched yet
}

void take_default(int signal, const siginfo_t& info) noexcept {
  struct sigaction by_default = {};
  by_default.sa_handler = SIG_DFL;
  ::sigaction(signal, &by_default, nullptr);
  // What faulted does so again when the handler returns, and meets the default, in a core file at the right place. What was sent does not
  // come again; nor do some of those for which the kernel has no address. They wait, blocked, until the handler returns.
  if (is_sent(signal, info) || info.si_code == SI_KERNEL) ::raise(signal);
}

}  // namespace

void EarlierHandler::handle(int signal, siginfo_t* info, void* context) noexcept {
  // relaxed: as in must_take_default().
  if (action_.sa_handler == SIG_IGN && is_sent(signal, *info) && !is_forgotten_.load(relaxed)) return;
  if (must_take_default()) {
    take_default(signal, *info);
  } else {
    call(signal, info, context);
  }
}

/// Whether there is nothing to be called, and nothing to be called again. Of threads that fault at once one has the handler that is called
/// once.
bool EarlierHandler::must_take_default() noexcept {
  // Flags say nothing if there is no handler. A fault that is ignored ends the process.
  if (action_.sa_handler == SIG_DFL || action_.sa_handler == SIG_IGN) return true;
  // relaxed: the exchanges of one word have an order, and nothing else is read through it.
  if ((action_.sa_flags & SA_RESETHAND) != 0) return is_forgotten_.exchange(true, relaxed);
  // relaxed: as above.
  return is_forgotten_.load(relaxed);
}

/// Calls it with the signals blocked that it wants blocked. Weft's handler blocks its own signal and no others.
void EarlierHandler::call(int signal, siginfo_t* info, void* context) const noexcept {
  sigset_t present;
  ::pthread_sigmask(SIG_BLOCK, &action_.sa_mask, &present);
  if ((action_.sa_flags & SA_NODEFER) != 0 && ::sigismember(&action_.sa_mask, signal) == 0) {
    sigset_t own;
    ::sigemptyset(&own);
    ::sigaddset(&own, signal);
    ::pthread_sigmask(SIG_UNBLOCK, &own, nullptr);
  }
  if ((action_.sa_flags & SA_SIGINFO) != 0) {
    action_.sa_sigaction(signal, info, context);
  } else {
    action_.sa_handler(signal);
  }
  // Weft's handler may have been called by another one, which goes on.
  ::pthread_sigmask(SIG_SETMASK, &present, nullptr);
}

}  // namespace weft::inline v0
