// What gdb_backtrace.py looks at: functions deep on a fiber, on a pool thread and on a thread inside Runtime::run.
#include <weft/weft.hpp>

extern "C" {
/// Where the debugger stops.
WEFT_NOINLINE void weft_test_stop_here() { asm volatile("" ::: "memory"); }

WEFT_NOINLINE void weft_test_caller_on_fiber(int depth) {
  if (depth > 0) {
    weft_test_caller_on_fiber(depth - 1);
  } else {
    weft_test_stop_here();
  }
  asm volatile("" ::: "memory");  // no tail call
}
}

int main() {
  weft::Runtime rt{{.workers = 1}};
  rt.run(weft::on_fiber([] { weft_test_caller_on_fiber(3); }));
  weft::Counter done;
  rt.spawn_fiber(
      [] {
        weft::this_fiber::yield();
        weft_test_caller_on_fiber(3);
      },
      done);
  done.wait();
}
