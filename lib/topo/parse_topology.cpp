// The language of README.md, "the language".
#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "topo/cpu_list.hpp"
#include "topo/memory_size.hpp"
#include <weft/base/error.hpp>
#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

namespace {

using Words = std::vector<std::string_view>;

Words words_of(std::string_view line) {
  Words words;
  constexpr std::string_view kBlanks = " \t\r";
  while (true) {
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos || line[begin] == '#') return words;
    line.remove_prefix(begin);
    const std::size_t length = std::min(line.find_first_of(kBlanks), line.size());
    words.push_back(line.substr(0, length));
    line.remove_prefix(length);
  }
}

class Parser {
 public:
  Topology parse(std::string_view text) {
    while (!text.empty()) {
      ++line_;
      const std::size_t end = std::min(text.find('\n'), text.size());
      if (const Words words = words_of(text.substr(0, end)); !words.empty()) read_line(words);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (machine_.pus.empty()) fail("it has no processors: give a line such as 'cores 0-3', or 'package:1 core:4 pu:2'");
    finish();
    return std::move(machine_);
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... what) const {
    std::ostringstream text;
    text << "weft: description of a machine, line " << line_ << ": ";
    (text << ... << what);
    throw UsageError(text.str());
  }

  void read_line(const Words& words) {
    const std::string_view first = words.front();
    if (first.find(':') != std::string_view::npos) return read_regular(words);
    if (first == "package") return read_package(words);
    if (first == "node") return read_node(words);
    if (first == "l3") return read_l3(words);
    if (first == "cores") return read_cores(words);
    if (first == "distances") return read_distances(words);
    if (first == "offline") return read_offline(words);
    if (first == "allowed") return read_allowed(words);
    if (first == "quota") return read_quota(words);
    fail("'", first, "' begins no line; these do: package, node, l3, cores, distances, offline, allowed, quota");
  }

  // ---- words ----
  unsigned number(std::string_view word, const char* of) const {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value > kLargestCpu) {
      fail("'", word, "' is no ", of);
    }
    return value;
  }
  std::uint64_t memory(std::string_view word) const {
    const auto bytes = parse_memory_size(word);
    if (!bytes) fail("'", word, "' is no amount of memory, such as 32M");
    return *bytes;
  }
  std::vector<unsigned> cpus(std::string_view word) const {
    const auto list = parse_cpu_list(word);
    if (!list || list->empty()) fail("'", word, "' is no list of processors, such as 0-7,16-22:2");
    return *list;
  }
  void expect(const Words& words, std::size_t least, std::size_t most) const {
    if (words.size() < least || words.size() > most) fail("'", words.front(), "' has too few or too many words behind it");
  }

  // ---- lines ----
  void read_package(const Words& words) {
    expect(words, 2, 2);
    package_ = index_of(machine_.packages, number(words[1], "number of a package"));
    l3_.reset();
  }

  void read_node(const Words& words) {
    expect(words, 2, 4);
    node_ = index_of(machine_.nodes, number(words[1], "number of a node"));
    if (words.size() == 2) return;
    if (words.size() != 4 || words[2] != "memory") fail("a node may have 'memory' and an amount behind its number");
    machine_.nodes[*node_].memory = memory(words[3]);
  }

  void read_l3(const Words& words) {
    expect(words, 1, 2);
    l3_ = add_l3(words.size() == 2 ? memory(words[1]) : 0);
  }

  void read_cores(const Words& words) {
    Topology::Core core = place();
    std::vector<std::vector<unsigned>> threads;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i] == "efficiency") {
        core.kind = CoreKind::Efficiency;
      } else if (words[i] == "clock" && i + 1 < words.size()) {
        core.clock_class = number(words[++i], "class of clocks");
      } else {
        threads.push_back(cpus(words[i]));
        if (threads.back().size() != threads.front().size()) fail("the lists of processors differ in length: each has one of every core");
      }
    }
    if (threads.empty()) fail("cores have a list of processors behind them, and one more for each further thread of a core");
    for (std::size_t i = 0; i < threads.front().size(); ++i) {
      machine_.cores.push_back(core);
      for (const auto& pus : threads) add_pu(pus[i]);
    }
  }

  void read_distances(const Words& words) {
    expect(words, 3, words.size());
    Topology::Node& node = machine_.nodes[index_of_known_node(words[1])];
    node.distances.clear();
    for (std::size_t i = 2; i < words.size(); ++i) node.distances.push_back(number(words[i], "distance"));
  }

  void read_offline(const Words& words) {
    expect(words, 2, 2);
    machine_.offline = cpus(words[1]);
    for (const unsigned cpu : machine_.offline) {
      if (pus_.contains(cpu)) fail("processor ", cpu, " is offline, but belongs to a core");
    }
  }

  void read_allowed(const Words& words) {
    expect(words, 2, 2);
    for (Topology::Pu& pu : machine_.pus) pu.is_allowed = false;
    for (const unsigned cpu : cpus(words[1])) {
      const auto found = pus_.find(cpu);
      if (found == pus_.end()) fail("processor ", cpu, " is allowed, but belongs to no core");
      machine_.pus[found->second].is_allowed = true;
    }
  }

  void read_quota(const Words& words) {
    expect(words, 2, 2);
    const char* const end = words[1].data() + words[1].size();
    const auto [stop, error] = std::from_chars(words[1].data(), end, machine_.quota);
    if (error != std::errc() || stop != end || !(machine_.quota > 0) || machine_.quota > kLargestCpu) {
      fail("'", words[1], "' is no number of processors, such as 2.5");
    }
  }

  /// package:2 node:2:64G l3:2:32M core:4 pu:2 apart
  void read_regular(const Words& words) {
    if (!machine_.pus.empty()) fail("a machine in one line stands alone, before 'distances', 'offline', 'allowed' and 'quota'");
    struct Level {
      std::string_view name;
      unsigned count = 1;
      std::uint64_t bytes = 0;
    };
    Level levels[] = {{"package"}, {"node"}, {"l3"}, {"core"}, {"pu"}};
    const bool is_apart = words.back() == "apart";
    std::size_t next = 0;
    std::uint64_t all = 1;
    for (std::size_t i = 0; i < words.size() - (is_apart ? 1 : 0); ++i) {
      const std::size_t colon = words[i].find(':');
      const std::string_view name = words[i].substr(0, colon);
      while (next < std::size(levels) && levels[next].name != name) ++next;
      if (colon == std::string_view::npos || next == std::size(levels)) {
        fail("'", words[i], "' does not fit: a machine in one line has package, node, l3, core and pu in this order, each with a colon "
             "and a number, and may end with 'apart'");
      }
      std::string_view value = words[i].substr(colon + 1);
      if (const std::size_t second = value.find(':'); second != std::string_view::npos && (name == "node" || name == "l3")) {
        levels[next].bytes = memory(value.substr(second + 1));
        value = value.substr(0, second);
      }
      levels[next].count = number(value, "count");
      all *= levels[next].count;
      if (all == 0 || all > kLargestCpu) fail("a machine has at least one processor, and fewer than a million");
      ++next;
    }
    add_regular(levels[0].count, levels[1].count, levels[1].bytes, levels[2].count, levels[2].bytes, levels[3].count, levels[4].count, is_apart);
  }

  void add_regular(unsigned packages, unsigned nodes, std::uint64_t memory_each, unsigned l3s, std::uint64_t l3_bytes, unsigned cores,
                   unsigned threads, bool is_apart) {
    const unsigned all_cores = packages * nodes * l3s * cores;
    for (unsigned package = 0; package < packages; ++package) {
      package_ = index_of(machine_.packages, package);
      for (unsigned node = 0; node < nodes; ++node) {
        node_ = index_of(machine_.nodes, package * nodes + node);
        machine_.nodes[*node_].memory = memory_each;
        for (unsigned l3 = 0; l3 < l3s; ++l3) {
          l3_ = add_l3(l3_bytes);
          for (unsigned i = 0; i < cores; ++i) {
            const auto core = static_cast<unsigned>(machine_.cores.size());
            machine_.cores.push_back(place());
            for (unsigned thread = 0; thread < threads; ++thread) add_pu(is_apart ? thread * all_cores + core : core * threads + thread);
          }
        }
      }
    }
  }

  // ---- parts ----
  /// The place of the part that the kernel counts so; makes a new one if need be.
  template <class Part>
  static unsigned index_of(std::vector<Part>& parts, unsigned os_index) {
    const auto found = std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.os_index == os_index; });
    if (found != parts.end()) return static_cast<unsigned>(found - parts.begin());
    parts.emplace_back().os_index = os_index;
    return static_cast<unsigned>(parts.size() - 1);
  }

  unsigned index_of_known_node(std::string_view word) const {
    const unsigned os_index = number(word, "number of a node");
    for (unsigned i = 0; i < machine_.nodes.size(); ++i) {
      if (machine_.nodes[i].os_index == os_index) return i;
    }
    fail("there is no node ", os_index, " above");
  }

  unsigned add_l3(std::uint64_t bytes) {
    machine_.l3s.push_back({bytes});
    l3_node_ = node_;
    is_l3_given_ = true;
    return static_cast<unsigned>(machine_.l3s.size() - 1);
  }

  /// Where the next core is. What was not given is made: a package, a node, and one domain for the cores of both.
  Topology::Core place() {
    if (!package_) package_ = index_of(machine_.packages, 0);
    if (!node_) node_ = index_of(machine_.nodes, 0);
    if (!l3_ || (!is_l3_given_ && l3_node_ != node_)) {
      l3_ = add_l3(0);
      is_l3_given_ = false;
    }
    return {*package_, *node_, *l3_, CoreKind::Performance, 0};
  }

  void add_pu(unsigned os_index) {
    if (!pus_.emplace(os_index, machine_.pus.size()).second) fail("processor ", os_index, " belongs to two cores");
    machine_.pus.push_back({os_index, static_cast<unsigned>(machine_.cores.size() - 1), true});
  }

  void finish() {
    for (const Topology::Node& node : machine_.nodes) {
      if (!node.distances.empty() && node.distances.size() != machine_.nodes.size()) {
        fail("node ", node.os_index, " has ", node.distances.size(), " distances, but there are ",
             machine_.nodes.size(), " nodes");
      }
    }
    if (machine_.allowed_pus() == 0) fail("no processor is allowed");
    machine_.source = "a description";
  }

  Topology machine_;
  std::unordered_map<unsigned, std::size_t> pus_;  // by the kernel's number
  unsigned line_ = 0;
  std::optional<unsigned> package_, node_, l3_;
  std::optional<unsigned> l3_node_;  // where the domain was made
  bool is_l3_given_ = false;
};

}  // namespace

Topology Topology::parse(std::string_view description) { return Parser().parse(description); }

}  // namespace weft::inline v0
