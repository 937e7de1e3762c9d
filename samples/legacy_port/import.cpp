#include "import.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "gz_file.hpp"
#include "program/input_error.hpp"

namespace legacy_port {

using program::InputError;
using weft::Task;
namespace this_fiber = weft::this_fiber;

namespace {

constexpr std::size_t kBlock = 32 * 1024;

/// What the parser pulls from: its callback suspends the fiber on which the parser runs.
///
/// No exception goes through the parser. It knows getc, so it is told that the file has ended, and
/// whoever called it looks afterwards why, as with ferror.
class BlockSource {
 public:
  explicit BlockSource(HandOver& blocks) : blocks_(blocks) {}

  int next() {
    if (at_ == block_.size() && !refill()) return -1;
    return static_cast<unsigned char>(block_[at_++]);
  }

  /// Drops what is left, so that the writer ends too. Gives what reading failed with, or null.
  [[nodiscard]] std::exception_ptr finish() {
    if (!is_over_) this_fiber::await(blocks_.refuse());
    return error_;
  }

 private:
  bool refill() {
    if (is_over_ || this_fiber::stop_requested()) return false;
    at_ = 0;
    block_.clear();
    try {
      block_ = this_fiber::await(blocks_.take());
    } catch (...) {
      error_ = std::current_exception();
    }
    is_over_ = block_.empty();
    return !is_over_;
  }

  HandOver& blocks_;
  std::string block_;
  std::size_t at_ = 0;
  std::exception_ptr error_;
  bool is_over_ = false;
};

std::string describe(const changelog::Mistake& mistake) {
  return "line " + std::to_string(mistake.line) + ": " + mistake.what;
}

}  // namespace

Import::Import(Store& store, const std::vector<std::string>& files, const ImportSettings& settings)
    : files_(files), settings_(settings), store_(store) {}

Task<ImportResult> Import::run() {
  const std::stop_callback pass_on(settings_.stop, [this] { stop_.request_stop(); });
  const std::size_t lanes = std::min<std::size_t>(settings_.lanes, files_.size());
  weft::FiberOptions options;
  options.stack_size = kParserStack;
  options.stop = stop_.get_token();
  options.name = "changelog lane";
  for (std::size_t i = 0; i < lanes; ++i) weft::spawn_fiber([this] { lane(); }, work_, options);
  co_await work_;
  co_return std::move(result_);
}

void Import::lane() {
  try {
    for (const std::string* name = next_file(); name != nullptr; name = next_file()) {
      import_file(*name);
    }
  } catch (...) {
    stop_.request_stop();  // the other lanes need not go on
    throw;                 // to the counter, and from there to run()
  }
}

void Import::import_file(const std::string& name) {
  Parsed parsed;
  {
    HandOver blocks;
    weft::Counter inflating;
    weft::spawn(inflate(name, blocks), inflating);
    parsed = parse(blocks);  // throws nothing: the coroutine still uses what is destroyed here
    this_fiber::wait(inflating);
  }
  try {
    if (parsed.error) std::rethrow_exception(parsed.error);
  } catch (const InputError& error) {
    if (!settings_.is_lenient) throw;
    // A fiber may be suspended while it handles an exception.
    const weft::MutexLock lock = mutex_.lock_blocking();
    result_.warnings.emplace_back(error.what());
    return;
  }
  if (parsed.is_stopped) return;
  if (parsed.mistake) {
    if (!settings_.is_lenient) throw InputError(name, describe(*parsed.mistake));
    const weft::MutexLock lock = mutex_.lock_blocking();
    ++(parsed.entries.empty() ? result_.passed_over : result_.broken_off);
    if (parsed.entries.empty()) return;
  }
  {
    // Held while the call blocks: those who wait for it, fibers and coroutines, are suspended.
    const weft::MutexLock lock = mutex_.lock_blocking();
    const auto add = [&] { return store_.add_file(name, parsed.entries); };
    const Added added = this_fiber::await(slow_call(settings_.calls, add));
    result_.files += added.files;
    result_.entries += added.entries;
  }
  weft::spawn(add_bugs(std::move(parsed.entries)), work_);
}

Import::Parsed Import::parse(HandOver& blocks) noexcept {
  struct Context {
    BlockSource source;
    Parsed parsed;
  } context{BlockSource(blocks), {}};
  const changelog::Callbacks callbacks{
      [](void* at) { return static_cast<Context*>(at)->source.next(); },
      [](void* at, changelog::Entry& entry) {
        static_cast<Context*>(at)->parsed.entries.push_back(std::move(entry));
      },
      &context};
  Parsed& parsed = context.parsed;
  changelog::Mistake mistake;
  try {
    if (!changelog::parse(callbacks, mistake)) parsed.mistake = mistake;
  } catch (...) {
    parsed.error = std::current_exception();  // there was no memory
  }
  parsed.is_stopped = this_fiber::stop_requested();
  if (std::exception_ptr error = context.source.finish()) parsed.error = std::move(error);
  return std::move(parsed);
}

Task<> Import::inflate(std::string name, HandOver& blocks) {
  std::exception_ptr error;
  try {
    GzFile file;
    const auto open = [&] { file.open(name); };
    const auto read = [&] { return file.read(kBlock); };
    co_await slow_call(settings_.calls, open);
    bool is_wanted = true;
    while (is_wanted) {
      std::string block = co_await slow_call(settings_.calls, read);
      if (block.empty()) break;
      is_wanted = co_await blocks.put(std::move(block));
    }
  } catch (...) {
    error = std::current_exception();
  }
  co_await blocks.close(error);
}

Task<> Import::add_bugs(std::vector<changelog::Entry> entries) {
  std::vector<ClosedBug> bugs;
  for (const changelog::Entry& entry : entries) {
    for (ClosedBug& bug : closed_bugs(entry)) bugs.push_back(std::move(bug));
  }
  if (bugs.empty() || is_stopped()) co_return;
  const weft::MutexLock lock = co_await mutex_.lock();
  const auto add = [&] { return store_.add_bugs(bugs); };
  try {
    result_.bugs += co_await slow_call(settings_.calls, add);
  } catch (...) {
    stop_.request_stop();
    throw;
  }
}

const std::string* Import::next_file() noexcept {
  if (is_stopped()) return nullptr;
  // relaxed: each number is given out once; the files were there before.
  const std::size_t i = begun_.fetch_add(1, std::memory_order_relaxed);
  return i < files_.size() ? &files_[i] : nullptr;
}

std::vector<ClosedBug> closed_bugs(const changelog::Entry& entry) {
  std::vector<ClosedBug> bugs;
  std::string text = entry.changes;
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto skip = [&text](std::size_t& at, const char* what) {
    at = std::min(text.find_first_not_of(what, at), text.size());
  };
  for (std::size_t at = text.find("closes:"); at < text.size(); at = text.find("closes:", at)) {
    at += 7;
    do {
      skip(at, " \n,#");
      std::size_t end = at;
      skip(end, "0123456789");
      if (end == at || end - at > 9) break;
      bugs.push_back({std::stol(text.substr(at, end - at)), entry.package, entry.version});
      at = end;
    } while (at < text.size() && text[at] == ',');
  }
  return bugs;
}

}  // namespace legacy_port
