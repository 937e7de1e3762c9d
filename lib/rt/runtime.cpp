#include <weft/rt/runtime.hpp>

#include <string>

#include "base/futex.hpp"
#include "io/driver.hpp"
#include "obs/trace_buffer.hpp"
#include "sched/pool.hpp"
#include "sched/tier_policy.hpp"
#include "sched/worker_memory.hpp"
#include <weft/base/error.hpp>
#include <weft/time/manual_clock.hpp>
#include <weft/topo/available_cpus.hpp>

namespace weft::inline v0 {

namespace {

constexpr unsigned kMostWorkers = 4096;

/// As many as there are processors for, within the quota.
unsigned workers_for(const RuntimeOptions& options) {
  if (!options.topology) return cpu_limits().workers();
  CpuLimits limits;
  limits.in_affinity_mask = options.topology->allowed_pus();
  limits.quota = options.topology->quota;
  return limits.workers();
}

void plan_places(PoolConfig& config, const RuntimeOptions& options) {
  const bool is_for_machine = options.pinning != PinningStrategy::None;  // which takes milliseconds to look at
  if (is_for_machine) config.machine = options.topology ? *options.topology : Topology::detect();
  config.plan = plan_pinning(config.machine, options.pinning, config.workers);
  if (!is_for_machine) return;
  config.tiers = options.tiers;
  config.places = {config.machine, config.plan, options.pinning_best_effort};
  config.memory = memory_of_workers(config.machine, config.plan, options.huge_node_pages, options.prefault_node_memory);
}

/// The changes that a trace has are told to it; of tiers, before the hook, which may take its time.
void trace_changes(PoolConfig& config, std::function<void(const TierChange&)> hook, TraceBuffer& trace) {
  config.on_tier_change = [&trace, hook = std::move(hook)](const TierChange& change) {
    trace.record(change);
    if (hook) hook(change);
  };
  config.on_limit_change = [&trace](unsigned before, unsigned after) {
    trace.record(WorkerLimitChange{before, after, std::chrono::steady_clock::now()});
  };
}

PoolConfig config_of(RuntimeOptions options, TraceBuffer& trace) {
  if (options.topology) options.topology->check();
  if (options.workers > kMostWorkers) {
    throw UsageError("weft: RuntimeOptions::workers is " + std::to_string(options.workers) + "; at most " +
                     std::to_string(kMostWorkers) + " make sense (0 asks for as many as the machine allows)");
  }
  if (options.is_stepped) {
    options.workers = 1;
    options.spare_workers = 0;
    options.pinning = PinningStrategy::None;
    options.report_blocking_after = {};
  }
  if (options.clock != nullptr && !options.is_stepped) {
    throw UsageError(
        "weft: RuntimeOptions::clock is for a runtime that is made with RuntimeOptions::is_stepped: workers that have threads sleep in the kernel, which "
        "knows nothing of a ManualClock");
  }
  if (options.workers == 0) options.workers = workers_for(options);
  if (options.spare_workers > kMostWorkers) {
    throw UsageError("weft: RuntimeOptions::spare_workers is " + std::to_string(options.spare_workers) + "; at most " +
                     std::to_string(kMostWorkers) + " make sense");
  }
  if (options.report_blocking_after.count() < 0) {
    throw UsageError("weft: RuntimeOptions::report_blocking_after is negative; zero switches the reports off");
  }
  validate(options.tiers);
  detail::check(options.io_backend);
  PoolConfig config{.workers = options.workers,
                    .name = std::move(options.name),
                    .on_unhandled = std::move(options.on_unhandled),
                    .spare_workers = options.spare_workers,
                    .report_blocking_after = options.report_blocking_after,
                    .on_blocked = std::move(options.on_blocked),
                    .fiber_stack_size = options.fiber_stack_size,
                    .prefault_fiber_stacks = options.prefault_fiber_stacks,
                    .huge_fiber_stacks = options.huge_fiber_stacks,
                    .io_backend = options.io_backend,
                    .is_stepped = options.is_stepped,
                    .manual_time = options.clock != nullptr ? &detail::time_of(*options.clock) : nullptr};
  plan_places(config, options);
  trace_changes(config, std::move(options.on_tier_change), trace);
  return config;
}

void refuse_on_worker(const char* what) {
  if (current_worker() == nullptr && current_fiber() == nullptr) return;
  throw UsageError(std::string("weft: ") + what +
                   " was called on a worker or a fiber, which it would block: a task co_awaits other tasks instead, a fiber awaits them "
                   "(this_fiber::await)");
}

void refuse_with_threads(const Pool& pool, const char* what) {
  if (pool.is_stepped()) return;
  throw UsageError(std::string("weft: Runtime::") + what + " is for a runtime that is made with RuntimeOptions::is_stepped; this one has threads");
}

}  // namespace

namespace detail {

void BlockedRoot::complete(Job* self) noexcept {
  auto& root = *static_cast<BlockedRoot*>(self);
  Domain& domain = root.domain;
  auto* const done = &root.done;
  domain.root_finished();
  // [run.done] release: the result, and all that the root did, happens before run() returns.
  done->store(1, release);
  // ---- the root may be gone (L4); the kernel is given the address only ----
  futex_wake(done, 1);
}

}  // namespace detail

Runtime::Runtime(RuntimeOptions options)
    : trace_(std::make_unique<TraceBuffer>()), pool_(std::make_unique<Pool>(config_of(std::move(options), *trace_))) {}

Runtime::~Runtime() {
  const WorkerContext* const worker = current_worker();
  WEFT_CHECK(worker == nullptr || worker->domain != pool_.get(),
             "a Runtime was destroyed by one of its own tasks, which it would have to wait for: destroy it outside");
}

void Runtime::run_root(JobLink& link, detail::BlockedRoot& root) {
  refuse_on_worker("Runtime::run");
  pool_->run_and_wait(link, root.done);
}

ShutdownReport Runtime::shutdown(Shutdown how, std::chrono::steady_clock::time_point deadline) {
  refuse_on_worker("Runtime::shutdown");
  if (how == Shutdown::Cancel) pool_->stop_tasks();
  return {pool_->drain_until(deadline)};
}

detail::SpawnTarget Runtime::open_target() {
  const WorkerContext* const worker = current_worker();
  const bool is_inside = worker != nullptr && worker->domain == pool_.get();
  return pool_->open_target(is_inside ? *worker->executor : *pool_);
}

FrameArena& Runtime::frame() noexcept { return *pool_->frame_arena(); }

void Runtime::next_frame() noexcept { pool_->frame_arena()->next_frame(); }

unsigned Runtime::arena_count() const noexcept { return static_cast<unsigned>(pool_->arenas().size()); }

NumaArena& Runtime::arena(unsigned index) const {
  if (index >= arena_count()) {
    throw UsageError("weft: Runtime::arena was asked for arena " + std::to_string(index) + ", and there are " + std::to_string(arena_count()) +
                     " (Runtime::arena_count): one for each NUMA node on which workers were placed");
  }
  return *pool_->arenas()[index];
}

bool Runtime::step() {
  refuse_on_worker("Runtime::step");
  refuse_with_threads(*pool_, "step");
  return pool_->step();
}

int Runtime::fd() const {
  refuse_with_threads(*pool_, "fd");
  return pool_->step_file();
}

IoBackend Runtime::io_backend() const noexcept { return detail::resolved(pool_->io_backend()); }

unsigned Runtime::worker_count() const noexcept { return pool_->worker_count(); }

void Runtime::open_tiers(unsigned least) noexcept { pool_->open_tiers(least); }

const PinningPlan& Runtime::plan() const noexcept { return pool_->plan(); }

const Topology& Runtime::topology() const noexcept { return pool_->machine(); }

RuntimeStats Runtime::stats() const { return pool_->stats(); }

void Runtime::start_trace() { trace_->start(std::chrono::steady_clock::now()); }

Trace Runtime::stop_trace() {
  Trace trace = trace_->stop(std::chrono::steady_clock::now());
  trace.name = pool_->name();
  trace.workers = pool_->worker_count();
  trace.at_end = pool_->stats();
  return trace;
}

Executor& Runtime::executor() noexcept { return *pool_; }

Domain& Runtime::domain() noexcept { return *pool_; }

}  // namespace weft::inline v0
