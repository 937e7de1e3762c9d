/// @file
/// A reader of Debian changelogs, as it may have been written before there were coroutines.
///
/// It is what gets ported: it pulls its input character by character, blocks until there is one,
/// recurses meanwhile, and has never heard of weft. Nothing in here was changed to run on a fiber.
#pragma once

#include <string>

namespace changelog {

/// What one upload of a package changed.
struct Entry {
  std::string package;
  std::string version;
  std::string distribution;
  std::string urgency;
  std::string maintainer;
  std::string email;
  std::string date;
  /// The text of all items, a line each.
  std::string changes;
  int items = 0;
  /// How deep items are nested; 1 if none is.
  int depth = 0;
};

struct Callbacks {
  /// Gives the next character, as getc does: 0 to 255, or -1 at the end or when reading failed.
  int (*next)(void* context);
  /// Is told of each entry when it has been read.
  void (*entry)(void* context, Entry& entry);
  void* context;
};

struct Mistake {
  /// 1 is the first.
  int line = 0;
  std::string what;
};

/// Items that are nested deeper are a mistake: each level is a level of recursion.
const int kDeepestItem = 500;
/// A line that is longer is a mistake.
const int kLongestLine = 65536;

/// Reads a changelog. Gives false at the first mistake; what was read before has been told.
bool parse(const Callbacks& callbacks, Mistake& mistake);

/// Turns "Mon, 02 Jan 2006 15:04:05 -0700" into "2006-01-02T15:04:05-07:00". False: it is no date.
bool to_iso_date(const std::string& date, std::string& iso);

}  // namespace changelog
