/// @file
/// Everything. One line per header says what it gives you.
#pragma once

#include <weft/base/error.hpp>                // UsageError, LimitError, OperationCancelled
#include <weft/base/priority.hpp>             // Priority
#include <weft/coro/counter.hpp>              // Counter
#include <weft/coro/join_handle.hpp>          // JoinHandle, spawn
#include <weft/coro/spawn.hpp>                // spawn, spawn_detached, spawn_batch
#include <weft/coro/task.hpp>                 // Task
#include <weft/coro/when_all.hpp>             // when_all
#include <weft/rt/runtime.hpp>                // Runtime
#include <weft/sched/runtime_options.hpp>     // RuntimeOptions
#include <weft/topo/available_cpus.hpp>       // cpu_limits
