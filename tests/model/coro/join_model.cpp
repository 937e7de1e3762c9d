/// @file
/// The join of a fork under relacy: the parent is resumed once, by whoever ends last, and sees what all children did.
/// Cases and proof: lib/coro/README.md, "the join".
///
/// The rule and the deque are the shipped ones; a task is reduced to its place in the fork.
#include <memory>

#include "support/explore.hpp"

#include <weft/coro/join.hpp>
#include <weft/queue/deque.hpp>

namespace {

struct Node;
using Policy = model::ModelAtomics;
using Deque = weft::BasicDeque<Node, Policy>;
using Credits = weft::detail::BasicCredits<Policy>;

struct Worker {
  Deque* fork_deque;
};

/// What a fork keeps in the parent's frame; freed as soon as the parent goes on.
struct Fork {
  Credits credits;
  Node* parent;
};

struct Node {
  Fork* fork = nullptr;  // null: a parent, or a job that belongs to no fork
  model::Plain<Node*> sibling{nullptr};
  model::Plain<std::uint32_t> credit{0};
  model::Plain<int> runs{0};
};

struct Child {
  using Job = Node;

  Node* node;
  Worker* on;

  Node* sibling() const { return node->sibling; }
  Worker* worker() const { return on; }
  Node* parent() const { return node->fork->parent; }
  std::uint32_t credit() const { return node->credit; }
  Credits& credits() const { return node->fork->credits; }
  void hand_credit_to(Node* sibling) const { sibling->credit = node->credit + 1; }
  Node* pay() const { return weft::detail::pay_in(*this); }
  Node* pay_in_pop() const { return weft::detail::pay_in_pop(*this, [] {}); }
};

/// Thread 0 forks kChildren, the others steal. kOther jobs belong to no fork.
template <class Derived, int kChildren, int kOther, int kThieves>
struct JoinScenario : rl::test_suite<Derived, 1 + kThieves> {
  static constexpr int kStealsEach = 1;

  std::unique_ptr<Deque> deques[1 + kThieves];
  std::unique_ptr<Fork> fork;
  std::unique_ptr<Node[]> children;
  std::unique_ptr<Node[]> others;
  Node parent;

  void before() {
    for (auto& deque : deques) deque = std::make_unique<Deque>(2);
    others = std::make_unique<Node[]>(kOther + 1);
  }

  void thread(unsigned index) {
    Worker worker{deques[index].get()};
    if (index == 0) {
      run(fork_children(worker), worker);
      while (Node* const job = worker.fork_deque->pop()) run(job, worker);
    } else {
      for (int i = 0; i < Derived::kStealsEach; ++i) {
        const weft::Steal<Node> stolen = deques[0]->steal();
        if (stolen.status == weft::StealStatus::Got) run(stolen.item, worker);
      }
    }
  }

  void after() {
    model::check(parent.runs == 1, "the parent was not resumed exactly once");
    for (int i = 0; i < kOther; ++i) model::check(others[i].runs == 1, "another job was lost, or ran twice");
    others.reset();
    for (auto& deque : deques) deque.reset();
  }

  /// As when_all does it.
  Node* fork_children(Worker& worker) {
    fork = std::unique_ptr<Fork>(new Fork{Credits(kChildren), &parent});
    children = std::make_unique<Node[]>(kChildren);
    for (int i = 0; i < kChildren; ++i) {
      children[i].fork = fork.get();
      children[i].sibling = i + 1 < kChildren ? &children[i + 1] : nullptr;
      children[i].credit = 1;
    }
    worker.fork_deque->push_chain(kChildren - 1, [this](std::size_t i) { return &children[i + 1]; });
    return &children[0];
  }

  void run(Node* job, Worker& worker) {
    while (job != nullptr) {
      job->runs = job->runs + 1;
      if (job == &parent) {
        for (int i = 0; i < kChildren; ++i) model::check(children[i].runs == 1, "the parent goes on before its children have ended");
        children.reset();
        fork.reset();
        return;
      }
      if (job->fork == nullptr) return;
      job = weft::detail::after_child(
          Child{job, &worker}, [](Node* next) { return next; }, [](Node* next) { return next; });
    }
  }
};

struct TwoChildren : JoinScenario<TwoChildren, 2, 0, 2> {};
struct ThreeChildren : JoinScenario<ThreeChildren, 3, 0, 2> {};
struct ThreeChildrenOneThief : JoinScenario<ThreeChildrenOneThief, 3, 0, 1> {
  static constexpr int kStealsEach = 2;
};

/// The first child was suspended, and ends on another worker, whose deque holds a job of its own.
struct EndsElsewhere : JoinScenario<EndsElsewhere, 2, 1, 2> {
  model::Atomic<int> is_resumed{0};

  void thread(unsigned index) {
    Worker worker{deques[index].get()};
    if (index == 0) {
      fork_children(worker);
      is_resumed.store(1, std::memory_order_release);
      while (Node* const job = worker.fork_deque->pop()) run(job, worker);
    } else if (index == 1) {
      worker.fork_deque->push(&others[0]);
      while (is_resumed.load(std::memory_order_acquire) == 0) Policy::spin_pause();
      run(&children[0], worker);
      while (Node* const job = worker.fork_deque->pop()) run(job, worker);
    } else {
      const weft::Steal<Node> stolen = deques[1]->steal();
      if (stolen.status == weft::StealStatus::Got) run(stolen.item, worker);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<TwoChildren>("two children against two thieves", {150'000, 1, 2'500'000, 1});
  explorer.run<ThreeChildren>("three children against two thieves", {150'000, 1, 2'500'000, 1});
  explorer.run<ThreeChildrenOneThief>("three children, a thief who comes twice", {150'000, 2, 2'500'000, 3});
  explorer.run<EndsElsewhere>("a child ends on another worker, above another job", {150'000, 1, 2'500'000, 1});
  return explorer.finish();
}
