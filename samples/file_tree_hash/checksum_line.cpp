#include "checksum_line.hpp"

namespace file_tree_hash {

std::string checksum_line(const std::string& hash, const std::string& path) {
  std::string name;
  for (const char c : path) {
    switch (c) {
      case '\\': name += "\\\\"; break;
      case '\n': name += "\\n"; break;
      case '\r': name += "\\r"; break;
      default: name += c;
    }
  }
  std::string line;
  if (name.size() != path.size()) line += '\\';
  line.append(hash).append("  ").append(name).append("\n");
  return line;
}

}  // namespace file_tree_hash
