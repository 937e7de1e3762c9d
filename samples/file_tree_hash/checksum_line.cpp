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

std::string error_line(const std::string& error) {
  constexpr unsigned char kFirstPrintable = 0x20;
  constexpr unsigned char kDelete = 0x7f;
  std::string line;
  for (const char c : error) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= kFirstPrintable && byte != kDelete) {
      line += c;
      continue;
    }
    // As `ls -b` has it.
    line += '\\';
    for (const int shift : {6, 3, 0}) line += static_cast<char>('0' + (byte >> shift & 7));
  }
  return line + '\n';
}

}  // namespace file_tree_hash
