// After the plugin has been unloaded, a fault still gets to the handler of the program.
#include <dlfcn.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

namespace {

void fault_is_handled(int) { ::_exit(0); }

int fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  return 1;
}

int run_and_unload() {
  void* const plugin = ::dlopen("./plugin.so", RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) return fail(::dlerror());
  const auto run = reinterpret_cast<int (*)()>(::dlsym(plugin, "run_plugin"));
  int ran = 0;
  // On a thread that ends: what it leaves to be destroyed at its end would keep the library.
  std::thread([&] { ran = run(); }).join();
  if (ran != 1) return fail("the plugin has not run its fiber");
  return ::dlclose(plugin);
}

}  // namespace

int main() {
  std::signal(SIGSEGV, &fault_is_handled);
  if (run_and_unload() != 0) return 1;
  void* const again = ::dlopen("./plugin.so", RTLD_NOW | RTLD_NOLOAD);
  if (again != nullptr) return fail("the plugin is still there, which shows nothing");
  std::raise(SIGSEGV);
  return fail("nobody has handled the fault");
}
