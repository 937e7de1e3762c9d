// A group of tasks that grows while it runs: pages are visited by following their links.
#include <cstddef>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/weft.hpp>

using weft::Task;

namespace {

const std::map<std::string, std::vector<std::string>> kSite = {
    {"index", {"guide", "reference", "news"}},
    {"guide", {"tasks", "counters", "index"}},
    {"reference", {"tasks", "counters", "runtime"}},
    {"news", {"index"}},
    {"tasks", {"counters"}},
    {"counters", {}},
    {"runtime", {"tasks", "missing"}},
};

struct Seen {
  std::mutex mutex;
  std::set<std::string> pages;  // guarded by mutex
};

/// A child may spawn more children into its group.
Task<> visit(weft::TaskGroup& group, Seen& seen, std::string page) {
  {
    const std::lock_guard lock(
        seen.mutex);  // held for a few instructions, and never across a co_await
    if (!seen.pages.insert(page).second) co_return;
  }
  const auto found = kSite.find(page);
  if (found == kSite.end()) throw std::runtime_error("there is no page '" + page + "'");
  for (const std::string& link : found->second) group.spawn(visit(group, seen, link));
}

/// Whatever happens, all children have ended when with_task_group returns, or throws the first of their exceptions.
Task<std::size_t> pages_from(std::string start) {
  Seen seen;
  auto crawl = [&](weft::TaskGroup& group) -> Task<> {
    group.spawn(visit(group, seen, start));
    co_return;
  };
  std::string failure;
  try {
    co_await weft::with_task_group(crawl);
  } catch (const std::runtime_error& error) {
    failure = error.what();
  }
  std::cout << "from " << start << ": " << seen.pages.size() << " pages"
            << (failure.empty() ? "" : "; " + failure) << '\n';
  co_return seen.pages.size();
}

}  // namespace

int main() {
  weft::Runtime rt;
  const std::size_t from_tasks = rt.run(pages_from("tasks"));
  const std::size_t from_index = rt.run(pages_from("index"));
  return from_tasks == 2 && from_index == 8 ? 0 : 1;
}
