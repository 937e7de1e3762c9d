/// @file
/// The injector under relacy: every job once, each pusher's oldest first, and the length never too small.
/// Description: lib/queue/README.md, "The injector".
#include <array>
#include <memory>

#include "queue/injector.hpp"
#include "support/explore.hpp"

namespace {

struct Work : weft::Job {
  weft::JobLink link{this, nullptr};
  model::Plain<int> number{0};  // written before the push
  model::Plain<int> takers{0};
  int pusher = 0;
};

/// The first kPushers threads push two jobs each, one after another or as a chain; the others pop twice, two at most.
template <class Derived, int kPushers, int kPoppers>
struct InjectorScenario : rl::test_suite<Derived, kPushers + kPoppers> {
  static constexpr int kEach = 2;

  std::unique_ptr<weft::BasicInjector<model::ModelAtomics>> injector;
  std::unique_ptr<std::array<Work, kPushers * kEach>> works;

  void before() {
    injector = std::make_unique<weft::BasicInjector<model::ModelAtomics>>();
    works = std::make_unique<std::array<Work, kPushers * kEach>>();
  }

  void thread(unsigned index) {
    if (index < kPushers) {
      push(static_cast<int>(index));
    } else {
      std::array<int, kPushers> last{};
      for (int i = 0; i < 2; ++i) pop(last);
    }
  }

  void after() {
    std::size_t left = 0;
    for (const Work& work : *works) left += work.takers == 0 ? 1 : 0;
    model::check(injector->size_hint() == left, "the length is wrong when nobody is at work");
    std::array<int, kPushers> last{};
    while (pop(last) != 0) {
    }
    for (const Work& work : *works) model::check(work.takers == 1, "a job was lost, or taken twice");
    works.reset();
    injector.reset();
  }

  void push(int pusher) {
    Work& first = (*works)[pusher * kEach];
    Work& second = (*works)[pusher * kEach + 1];
    for (Work* const work : {&first, &second}) work->pusher = pusher;
    first.number = 1;
    second.number = 2;
    if (pusher % 2 == 0) {
      injector->push(first.link);
      injector->push(second.link);
    } else {
      first.link.next = &second.link;
      injector->push_chain(&first.link, &second.link, kEach);
    }
  }

  /// `last` has the number of the last job that this thread has taken from each pusher.
  std::size_t pop(std::array<int, kPushers>& last) {
    const std::size_t count = injector->pop(2, [&](weft::Job* job) {
      Work& work = static_cast<Work&>(*job);
      model::check(last[work.pusher] < work.number, "a pusher's later job was taken before an earlier one");
      last[work.pusher] = work.number;
      work.takers = work.takers + 1;
    });
    model::check(injector->size_hint() <= kPushers * kEach, "more was taken than had been counted");
    return count;
  }
};

struct TwoPoppers : InjectorScenario<TwoPoppers, 1, 2> {};
struct TwoPushers : InjectorScenario<TwoPushers, 2, 1> {};
struct TwoOfEach : InjectorScenario<TwoOfEach, 2, 2> {};

/// Whoever has pushed finds the injector not empty until all of it has been taken: what the last look of a sleeper relies on.
struct NeverTooSmall : rl::test_suite<NeverTooSmall, 2> {
  std::unique_ptr<weft::BasicInjector<model::ModelAtomics>> injector;
  std::unique_ptr<std::array<Work, 2>> works;

  void before() {
    injector = std::make_unique<weft::BasicInjector<model::ModelAtomics>>();
    works = std::make_unique<std::array<Work, 2>>();
    injector->push((*works)[0].link);
  }
  void thread(unsigned index) {
    if (index == 0) {
      injector->push((*works)[1].link);
      model::check(injector->size_hint() >= 1, "a job that nobody can have taken is not counted");
    } else {
      injector->pop(1, [&](weft::Job* job) { model::check(job == &(*works)[0], "not the oldest"); });
      model::check(injector->size_hint() <= 1, "a job that was taken is still counted");
    }
  }
  void after() {
    model::check(injector->size_hint() == 1, "the length is not what was pushed and not taken");
    injector->pop(1, [&](weft::Job* job) { model::check(job == &(*works)[1], "not the second"); });
    model::check(injector->is_empty_hint(), "not empty in the end");
    works.reset();
    injector.reset();
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<NeverTooSmall>("a push beside a pop", {50'000, 2, 500'000, 3});
  explorer.run<TwoPoppers>("one pushes, two pop", {100'000, 1, 1'000'000, 2});
  explorer.run<TwoPushers>("two push, one pops", {100'000, 1, 1'000'000, 2});
  explorer.run<TwoOfEach>("two push, two pop", {100'000, 1, 1'000'000, 1});
  return explorer.finish();
}
