/// @file
/// The bodies of the jobs alone.
#include "jobs/contender.hpp"

namespace jobs {
namespace {

class Serial {
 public:
  explicit Serial(unsigned) {}
  void imbalanced(Imbalanced& work) {
    for (std::size_t i = 0; i < work.count(); ++i) work.run(i);
  }
};

[[maybe_unused]] const bool added = add_contender<Serial>("serial", {1});

}  // namespace
}  // namespace jobs
