/// @file
/// How a Runtime is made.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <weft/base/io_backend.hpp>
#include <weft/sched/tier_options.hpp>
#include <weft/topo/pinning.hpp>
#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

class ManualClock;

/// A worker that is blocked in a call which is not marked with blocking() or BlockingSection.
struct BlockedWorker {
  unsigned worker;                     ///< its number
  std::chrono::milliseconds duration;  ///< so far
  std::vector<std::string> frames;     ///< where it is, innermost first; empty if that could not be found out
};

/// All members have defaults that are right for most programs: `Runtime rt{{.workers = 4}};`
struct RuntimeOptions {
  /// Workers, 1 to 4096; 0 takes as many as the affinity mask, the cpuset and the cgroup's CPU quota allow. If these allow fewer later, so many
  /// workers fewer are awake, within a second; RuntimeStats::worker_limit says so. (With report_blocking_after zero, and without tiers, there is no
  /// watcher that would see it, unless a call was marked as blocking, or a task has slept.)
  unsigned workers = 0;

  /// Which worker runs on which processor. A thread inside Runtime::run is never bound, nor is one that runs jobs while others are blocked.
  /// A Runtime that is made on a bound worker finds one processor: make it elsewhere. lib/topo/README.md has a paragraph on each strategy;
  /// samples/topology shows what it does on a machine.
  PinningStrategy pinning = PinningStrategy::None;

  /// Leaves those workers unbound to whose processors the kernel does not let them; without it that is a LimitError.
  bool pinning_best_effort = false;

  /// When PinningStrategy::TieredSpillover opens and closes its tiers. Without it they say nothing.
  TierOptions tiers = TierOptions();  // not = {}: gcc 12 then warns, of nothing, wherever options are made

  /// Is told when tiers were opened or closed; not when all are open because the runtime's watcher could not be started. Must not throw.
  ///
  /// Threads:  the runtime's watcher, one call at a time; as long as the call lasts, no tier opens, and nobody who is blocked is noticed.
  /// Lifetime: what it captures outlives the runtime.
  std::function<void(const TierChange&)> on_tier_change = {};

  /// The machine for which the strategy plans; without one, this one as Topology::detect() finds it. The processors of a machine that is not
  /// this one are mapped to those that there are, one after the other: to try plans for machines that one has not. One that contradicts itself is a
  /// UsageError (Topology::check()).
  std::optional<Topology> topology = {};

  /// Of the threads, in the debugger and in top: "weft/0", "weft/1", ... The first 10 characters count.
  std::string name = "weft";

  /// Receives an exception that nobody can: of a detached task, or of work whose JoinHandle was dropped. An OperationCancelled is none:
  /// work that stopped as it was asked to has ended as it should. Must not throw.
  ///
  /// Threads:  any, several at once: the worker that ran the work, or whoever drops the handle.
  /// Lifetime: what it captures outlives the runtime and every JoinHandle of it.
  /// Default:  prints a line and calls std::terminate.
  std::function<void(std::exception_ptr)> on_unhandled = {};

  /// The stack of a fiber for which nobody asks another size. lib/fiber/README.md says how large is enough.
  std::size_t fiber_stack_size = std::size_t{64} << 10;

  /// Gives a stack all its memory when a worker takes it for the first time, on the node of that worker, so that no fiber waits for a page.
  bool prefault_fiber_stacks = false;

  /// Puts stacks of 2 MiB and more on huge pages, if the system has some. A fiber then uses 2 MiB of memory at least.
  bool huge_fiber_stacks = false;

  /// Puts the memory of the NUMA nodes on which workers are planned on huge pages, if these are more than one (NodeMemory::use_huge_pages). It is
  /// the process's, so what one runtime asks for holds for all.
  bool huge_node_pages = false;

  /// Of such memory, how many bytes of each node have their pages before the runtime begins; what another runtime has asked for counts. What the
  /// system refuses is left to the first touch, and nobody is told. Where all workers are planned on one node, or on none, nothing happens.
  std::size_t prefault_node_memory = 0;

  /// How many more threads may run jobs while workers are blocked, one for each blocked worker. They are started when they are first needed. A
  /// blocked worker is replaced after one or two milliseconds, and who replaces it may block in turn: so calls of 10 ms run about five at a
  /// time for each worker, and only longer ones use many spare workers. While all of these are blocked, too, nothing else runs, no timers either: a
  /// program with more such calls at the same time lets only so many of them begin, or has more spare workers.
  unsigned spare_workers = 64;

  /// After how long a worker counts as blocked that sleeps in a system call which is not marked as blocking; zero: never. The watcher that
  /// looks for it also gives back what a worker keeps for its next jobs (up to some MiB) when it has slept for two seconds; with zero it does
  /// so only once a marked call has been made, or a task has slept. A thread inside Runtime::run that blocks is noticed once work was added that waits for it.
  std::chrono::milliseconds report_blocking_after{100};

  /// Is told of such a worker, once for each place in the program. To find the place, the thread is interrupted by SIGURG: the call may
  /// return EINTR. Must not throw, nor use this runtime. There is no place if the program handles SIGURG itself, or if a thread inside
  /// Runtime::run blocks it; workers' own threads let it through, whatever their maker blocks.
  ///
  /// Threads:  the runtime's watcher, one call at a time; as long as the call lasts, nobody else is noticed, and no tier opens.
  /// Lifetime: what it captures outlives the runtime.
  /// Default:  prints where it is to standard error.
  std::function<void(const BlockedWorker&)> on_blocked = {};

  /// By what the kernel is asked to do input and output. Runtime::io_backend() says what Auto has chosen. To ask for Uring where it does not work is
  /// an error of the constructor: a std::system_error.
  ///
  /// With Uring and several workers, the thread of a worker that is in one job for long while operations that it has begun wait for it is interrupted
  /// by SIGURG, in blocking() too, also if report_blocking_after is zero: a system call that it is in may return EINTR. Not if the program handles SIGURG.
  IoBackend io_backend = IoBackend::Auto;

  /// A runtime without threads, to live in the loop of somebody else: Runtime::step() runs what there is to do, and Runtime::fd() is readable when it is
  /// to be called. There is one worker, whatever `workers` says, pinning and tiers mean nothing, and nobody runs in the place of a task that blocks.
  bool is_stepped = false;

  /// For tests: the clock by which what runs here sleeps and times out, instead of the steady clock. Only with is_stepped; workers that have threads
  /// sleep in the kernel, by its clock.
  ///
  /// Lifetime: outlives the runtime.
  ManualClock* clock = nullptr;

  /// For a game: one worker for each core, bound. A frame waits for its slowest job, and one that shares its core with another takes half as
  /// long again; so siblings are left alone, and with them there is room for sound and drivers. Fiber stacks have their memory before the first
  /// frame that uses them. Where the kernel refuses a processor, on whatever machine the game is started, the worker is not bound.
  [[nodiscard]] WEFT_API static RuntimeOptions gaming(const Topology& machine = Topology::detect());

  /// For batches beside other programs: a worker for each processor, bound to none. What counts is work done for the time of the whole machine, and
  /// of that only the kernel sees all: it moves workers away from processors that others use, which a bound worker could only wait for.
  [[nodiscard]] WEFT_API static RuntimeOptions throughput();

  /// For analyses and servers whose load comes and goes: tiers, over all processors. Little work stays in one cache, on cores that nobody shares,
  /// and the rest of the machine sleeps; a lot of work gets all of it. A tier closes after a fifth of a second, because the next stage of an
  /// analysis often follows at once. Bound as far as the kernel lets it.
  [[nodiscard]] WEFT_API static RuntimeOptions data_processing(const Topology& machine = Topology::detect());

  /// For answers within microseconds: one worker for each core of one L3 domain, bound. A job that is handed over stays in that cache, to which
  /// another domain is as far as memory, and has its core for itself; if the kernel refuses that, it is a LimitError. The rest of the machine is for
  /// everybody else. Fiber stacks have their memory at once, and a call that blocks unmarked for 10 ms is reported.
  [[nodiscard]] WEFT_API static RuntimeOptions low_latency(const Topology& machine = Topology::detect());

  /// For measurements and dedicated machines: each allowed processor has one worker, by the kernel's numbers, and that is so or an error: what the
  /// kernel refuses is not gone without, and the quota that the cgroup has makes no workers fewer.
  [[nodiscard]] WEFT_API static RuntimeOptions strict_topology(const Topology& machine = Topology::detect());
};

}  // namespace weft::inline v0
