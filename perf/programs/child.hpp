/// @file
/// Another program, what it prints, and the processor time that it takes.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <optional>
#include <string>
#include <vector>

namespace programs {

/// Where a program of this name is, as the shell would find it.
std::optional<std::string> find_program(const std::string& name);

std::string content_of(const std::string& path);

/// A folder that goes, with all that is in it, when this goes.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

/// A program that runs. Ends the benchmark where it cannot be started.
class Child {
 public:
  /// @param words   the program and its arguments
  /// @param output  the file that it prints into
  Child(std::vector<std::string> words, const std::string& output);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// One that runs is ended (SIGTERM).
  ~Child();

  /// Waits for its end, which is to be exit status 0. @return the processor time of it and of its children, in seconds
  double wait();
  /// False: it has ended.
  [[nodiscard]] bool goes_on() const;
  /// The processor time so far of it alone.
  [[nodiscard]] double cpu_seconds() const;

 private:
  pid_t process_ = -1;
  clockid_t clock_{};
};

}  // namespace programs
