#include <weft/coro/spawn.hpp>

#include <memory>

namespace weft::inline v0::detail {

SpawnTarget target_here() {
  const WorkerContext* const worker = current_worker();
  if (worker == nullptr) {
    throw UsageError(
        "weft: spawn was called outside a runtime; call Runtime::spawn, or spawn from a task that the runtime runs");
  }
  return {worker->executor, worker->domain};
}

void start_root(PromiseBase& promise, Counter* counter, const SpawnTarget& target, const SpawnOptions& options,
                StopScope* scope) {
  std::uintptr_t end = reinterpret_cast<std::uintptr_t>(counter) | PromiseBase::kRoot;
  promise.scope = scope != nullptr ? scope : target.domain;
  if (options.stop.stop_possible()) {
    promise.scope = new StopScope(promise.scope, options.stop);
    end |= PromiseBase::kOwnsScope;
  }
  promise.end = end;
  promise.link = JobLink{job_of(promise.handle()), nullptr};
  if (counter != nullptr) counter->add();
  target.domain->root_started(1);
  target.executor->post(promise.link, options.priority);
  // ---- the task may be running, or gone (L4) ----
}

void finish_root(PromiseBase& promise) noexcept {
  Domain& domain = *domain_of(promise.scope);
  if ((promise.end & PromiseBase::kOwnsScope) != 0) delete promise.scope;
  auto* const counter = reinterpret_cast<Counter*>(promise.end & ~(PromiseBase::kRoot | PromiseBase::kOwnsScope));
  std::exception_ptr error = promise.take_error();
  promise.handle().destroy();  // before the count: a waiter may rely on the destructors of the task's locals having run
  finish_job(counter, domain, std::move(error));
}

void finish_job(Counter* counter, Domain& domain, std::exception_ptr error) noexcept {
  if (error) [[unlikely]] {
    if (counter != nullptr) {
      counter->fail(std::move(error));
    } else {
      domain.unhandled(std::move(error));
    }
  }
  if (counter != nullptr) counter->sub();
  // ---- the counter may be gone (L4) ----
  domain.root_finished();
}

}  // namespace weft::inline v0::detail
