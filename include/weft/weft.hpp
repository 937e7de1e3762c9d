/// @file
/// Everything. One line per header says what it gives you.
/// @namespace weft
/// Tasks, counters, fork and join, and the runtime that runs them.
#pragma once

// First, so that a compiler or flags that will not do are named before what follows from them.
#include <weft/base/platform.hpp>

#include <weft/algo/parallel_for.hpp>         // parallel_for, sync_parallel_for
#include <weft/base/error.hpp>                // UsageError, LimitError, OperationCancelled, TimeoutError
#include <weft/base/io_backend.hpp>           // IoBackend
#include <weft/base/priority.hpp>             // Priority
#include <weft/coro/as_task.hpp>              // as_task
#include <weft/coro/blocking.hpp>             // blocking, BlockingSection
#include <weft/coro/counter.hpp>              // Counter
#include <weft/coro/invoke.hpp>               // parallel_invoke
#include <weft/coro/join_handle.hpp>          // JoinHandle, spawn
#include <weft/coro/on_fiber.hpp>             // on_fiber
#include <weft/coro/outcome.hpp>              // Outcome
#include <weft/coro/spawn.hpp>                // spawn, spawn_detached, spawn_batch
#include <weft/coro/spawn_fiber.hpp>          // spawn_fiber
#include <weft/coro/spawn_place.hpp>          // on
#include <weft/coro/sync_wait.hpp>            // sync_wait
#include <weft/coro/task.hpp>                 // Task
#include <weft/coro/task_group.hpp>           // TaskGroup, with_task_group
#include <weft/coro/task_list.hpp>            // TaskList
#include <weft/coro/task_results.hpp>         // TaskResults
#include <weft/coro/this_fiber.hpp>           // this_fiber::wait, await, yield, stop_token
#include <weft/coro/this_task.hpp>            // yield, resume_on, with_priority, this_task::stop_token
#include <weft/coro/this_worker.hpp>          // WorkerHandle
#include <weft/coro/when_all.hpp>             // when_all, when_all_settled
#include <weft/coro/when_any.hpp>             // when_any
#include <weft/fiber/stay_here.hpp>           // StayHere
#include <weft/io/address.hpp>                // io::SocketAddress, io::resolve
#include <weft/io/aligned_buffer.hpp>         // io::AlignedBuffer
#include <weft/io/buffered_reader.hpp>        // io::BufferedReader
#include <weft/io/error.hpp>                  // io::Errc
#include <weft/io/event_fd.hpp>               // io::EventFd
#include <weft/io/file.hpp>                   // io::File
#include <weft/io/file_handle.hpp>            // io::OpenOptions, io::FileHandle
#include <weft/io/file_info.hpp>              // io::FileInfo, io::stat
#include <weft/io/file_reader.hpp>            // io::FileReader, with_file_reader
#include <weft/io/file_writer.hpp>            // io::FileWriter, with_file_writer
#include <weft/io/futex.hpp>                  // io::futex_wait, futex_wake
#include <weft/io/paths.hpp>                  // io::rename, remove, make_directory, make_directories
#include <weft/io/pipe.hpp>                   // io::pipe, io::PipeReader, io::PipeWriter
#include <weft/io/process.hpp>                // io::Process
#include <weft/io/received_bytes.hpp>         // io::ReceivedBytes
#include <weft/io/registered_buffer.hpp>      // io::RegisteredBuffer
#include <weft/io/result.hpp>                 // io::or_error
#include <weft/io/signals.hpp>                // io::Signals
#include <weft/io/tcp.hpp>                    // io::TcpListener, io::TcpStream
#include <weft/io/udp.hpp>                    // io::UdpSocket
#include <weft/io/unix_socket.hpp>            // io::UnixListener, io::UnixStream, io::stream_pair
#include <weft/io/walk.hpp>                   // io::walk, DirectoryWalk
#include <weft/io/whole_file.hpp>             // io::read_file, write_file
#include <weft/mem/frame_arena.hpp>           // FrameArena
#include <weft/mem/node_memory.hpp>           // NodeMemory
#include <weft/obs/trace.hpp>                 // Trace, write_chrome_json
#include <weft/rt/runtime.hpp>                // Runtime
#include <weft/sched/numa_arena.hpp>          // NumaArena
#include <weft/sched/runtime_options.hpp>     // RuntimeOptions
#include <weft/sched/stats.hpp>               // RuntimeStats, WorkerStats
#include <weft/sched/tier_options.hpp>        // TierOptions, TierChange
#include <weft/sync/event.hpp>                // Event
#include <weft/sync/mutex.hpp>                // Mutex, MutexLock
#include <weft/sync/thread_mutex.hpp>         // ThreadMutex, ThreadLock
#include <weft/time/interval.hpp>             // interval
#include <weft/time/manual_clock.hpp>          // ManualClock
#include <weft/time/now.hpp>                   // now
#include <weft/time/sleep.hpp>                // sleep_for, sleep_until
#include <weft/time/timeout.hpp>              // timeout, completed_within
#include <weft/topo/available_cpus.hpp>       // cpu_limits
#include <weft/topo/pinning.hpp>              // PinningStrategy, PinningPlan
#include <weft/topo/topology.hpp>             // Topology
#include <weft/version.hpp>                   // WEFT_VERSION_MAJOR, ...
