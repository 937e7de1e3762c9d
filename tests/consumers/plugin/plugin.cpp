// Runs a fiber, for which weft installs its handlers.
#include <weft/weft.hpp>

extern "C" int run_plugin() {
  weft::Runtime rt{{.workers = 1}};
  weft::Counter counter;
  int ran = 0;
  rt.spawn_fiber([&ran] { ran = 1; }, counter);
  counter.wait();
  return ran;
}
