// A program with internal checks on a library that was built without them: what the library waits for is checked, too, and marks of the
// thread's own stack do not count on a fiber.
#include <weft/weft.hpp>

#include <cstring>

using weft::Counter;
using weft::Event;
using weft::ThreadLock;
using weft::ThreadMutex;

static_assert(WEFT_ASSERTS >= 1, "compile it without NDEBUG");

int main(int argc, char** argv) {
  const char* const waits_for = argc > 1 ? argv[1] : "nothing";
  weft::Runtime rt{{.workers = 1}};
  ThreadMutex of_thread, of_fiber;
  const ThreadLock held(of_thread);
  rt.run(weft::on_fiber([&] {
    weft::this_fiber::yield();  // the lock of the thread below is not the fiber's
    if (std::strcmp(waits_for, "nothing") == 0) return;
    const ThreadLock lock(of_fiber);
    Counter counter(1);
    if (std::strcmp(waits_for, "counter") == 0) counter.wait();
    if (std::strcmp(waits_for, "event") == 0) Event().wait();
  }));
}
