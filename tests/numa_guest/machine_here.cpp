#include "machine_here.hpp"

#include "topo/cpu_list.hpp"

#include <fstream>
#include <stdexcept>

namespace weft_test {

namespace {

constexpr const char* kFile = "/machine.txt";

/// The lines below a heading, without their indentation.
std::string part(const std::string& heading) {
  std::ifstream file(kFile);
  std::string text;
  bool is_inside = false;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("  ")) {
      is_inside = line == heading;
    } else if (is_inside) {
      text.append(line.substr(2)).append("\n");
    }
  }
  if (text.empty()) throw std::runtime_error(std::string(kFile) + " has nothing below " + heading);
  return text;
}

std::map<std::string, std::vector<unsigned>> read_plans(const std::string& text) {
  std::map<std::string, std::vector<unsigned>> plans;
  for (std::size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
    const std::string line = text.substr(begin, text.find('\n', begin) - begin);
    const std::size_t colon = line.find(": ");
    const auto processors = weft::parse_cpu_list(line.substr(colon + 2));
    if (colon == std::string::npos || !processors) throw std::runtime_error("this is no plan: " + line);
    plans[line.substr(0, colon)] = *processors;
  }
  return plans;
}

}  // namespace

std::vector<unsigned> MachineHere::processors(weft::PinningStrategy strategy, unsigned workers) const {
  const std::vector<unsigned>& planned = plans.at(weft::name_of(strategy));
  std::vector<unsigned> processors;
  for (unsigned worker = 0; worker < workers; ++worker) processors.push_back(planned[worker % planned.size()]);
  return processors;
}

int MachineHere::node_of_processor(unsigned processor) const {
  for (const weft::Topology::Pu& pu : topology.pus) {
    if (pu.os_index == processor) return static_cast<int>(topology.nodes[topology.cores[pu.core].node].os_index);
  }
  throw std::runtime_error("the machine has no processor " + std::to_string(processor));
}

const MachineHere& machine_here() {
  static const MachineHere here{weft::Topology::parse(part("machine:")), read_plans(part("plans:"))};
  return here;
}

}  // namespace weft_test
