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

struct Crawl {
  weft::TaskGroup group;
  std::mutex mutex;
  std::set<std::string> seen;  // guarded by mutex
};

/// A child may spawn more children into its group.
Task<> visit(Crawl& crawl, std::string page) {
  {
    const std::lock_guard lock(
        crawl.mutex);  // held for a few instructions, and never across a co_await
    if (!crawl.seen.insert(page).second) co_return;
  }
  const auto found = kSite.find(page);
  if (found == kSite.end()) throw std::runtime_error("there is no page '" + page + "'");
  for (const std::string& link : found->second) crawl.group.spawn(visit(crawl, link));
}

/// The group is joined before it dies; the first exception of the children is thrown by join.
Task<std::size_t> pages_from(std::string start) {
  Crawl crawl;
  crawl.group.spawn(visit(crawl, start));
  std::string failure;
  try {
    co_await crawl.group.join();
  } catch (const std::runtime_error& error) {
    failure = error.what();
  }
  std::cout << "from " << start << ": " << crawl.seen.size() << " pages"
            << (failure.empty() ? "" : "; " + failure) << '\n';
  co_return crawl.seen.size();
}

}  // namespace

int main() {
  weft::Runtime rt;
  const std::size_t from_tasks = rt.run(pages_from("tasks"));
  const std::size_t from_index = rt.run(pages_from("index"));
  return from_tasks == 2 && from_index == 8 ? 0 : 1;
}
