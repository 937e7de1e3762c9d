// A machine in the language of README.md.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "topo/cpu_list.hpp"
#include "topo/memory_size.hpp"
#include <weft/topo/topology.hpp>

namespace weft::inline v0 {

namespace {

std::string number(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

/// Writes the cores with what they belong to, and the like together.
class CoreLines {
 public:
  explicit CoreLines(const Topology& machine) : machine_(machine), pus_of_(machine.cores.size()) {
    for (const Topology::Pu& pu : machine.pus) pus_of_[pu.core].push_back(pu.os_index);
    node_ = machine.nodes.empty() ? 0 : machine.nodes.size() - 1;  // the one whose line was last
  }

  std::string text() {
    for (std::size_t first = 0; first < machine_.cores.size();) {
      enter(machine_.cores[first], first == 0);
      std::size_t end = first + 1;
      while (end < machine_.cores.size() && are_alike(first, end)) ++end;
      add_cores(first, end);
      first = end;
    }
    return std::move(text_);
  }

 private:
  void enter(const Topology::Core& core, bool is_first) {
    if (is_first || core.package != package_) line("package " + std::to_string(machine_.packages[core.package].os_index));
    if (core.node != node_) line("node " + std::to_string(machine_.nodes[core.node].os_index));
    if (is_first || core.l3 != l3_) {
      const std::uint64_t bytes = machine_.l3s[core.l3].bytes;
      line(bytes != 0 ? "l3 " + format_memory_size(bytes) : "l3");
    }
    package_ = core.package;
    node_ = core.node;
    l3_ = core.l3;
  }

  [[nodiscard]] bool are_alike(std::size_t a, std::size_t b) const {
    return machine_.cores[a] == machine_.cores[b] && pus_of_[a].size() == pus_of_[b].size();
  }

  void add_cores(std::size_t first, std::size_t end) {
    std::string cores("cores");
    for (std::size_t thread = 0; thread < pus_of_[first].size(); ++thread) {
      std::vector<unsigned> pus;
      for (std::size_t core = first; core < end; ++core) pus.push_back(pus_of_[core][thread]);
      cores.append(" ").append(format_cpu_list(pus));
    }
    const Topology::Core& core = machine_.cores[first];
    if (core.kind == CoreKind::Efficiency) cores += " efficiency";
    if (core.clock_class != 0) cores.append(" clock ").append(std::to_string(core.clock_class));
    line(cores);
  }

  void line(const std::string& words) { text_.append(words).append("\n"); }

  const Topology& machine_;
  std::vector<std::vector<unsigned>> pus_of_;
  std::size_t package_ = 0;
  std::size_t node_ = 0;
  std::size_t l3_ = 0;
  std::string text_;
};

std::string cpu_line(const char* word, const std::vector<unsigned>& cpus) { return std::string(word) + " " + format_cpu_list(cpus) + "\n"; }

}  // namespace

std::string Topology::describe() const {
  std::string text;
  for (const Node& node : nodes) {
    text.append("node ").append(std::to_string(node.os_index));
    if (node.memory != 0) text.append(" memory ").append(format_memory_size(node.memory));
    text += '\n';
  }
  text += CoreLines(*this).text();
  for (const Node& node : nodes) {
    if (node.distances.empty()) continue;
    text.append("distances ").append(std::to_string(node.os_index));
    for (const unsigned distance : node.distances) text.append(" ").append(std::to_string(distance));
    text += '\n';
  }
  if (!offline.empty()) text += cpu_line("offline", offline);
  if (allowed_pus() != pus.size()) {
    std::vector<unsigned> allowed;
    for (const Pu& pu : pus) {
      if (pu.is_allowed) allowed.push_back(pu.os_index);
    }
    std::sort(allowed.begin(), allowed.end());
    text += cpu_line("allowed", allowed);
  }
  if (quota > 0) text.append("quota ").append(number(quota)).append("\n");
  return text;
}

}  // namespace weft::inline v0
