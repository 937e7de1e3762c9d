/// @file
/// The deque under relacy: every job once, and what it points to visible to whoever takes it.
/// Edges and proof: lib/queue/README.md.
#include <array>
#include <memory>

#include "support/explore.hpp"

#include <weft/queue/deque.hpp>

namespace {

constexpr std::uint64_t kBeforeWrap = ~std::uint64_t{0} - 1;  // two pushes from the wrap-around of the indices

/// What a deque entry points to.
struct Item {
  model::Plain<int> payload;  // written before the push
  model::Plain<int> takers;   // written by whoever takes it: two takers race, or count to two
};

/// A slot of the ring. Beside the value it follows one edge that reordered reads would be needed to see: the read of a
/// slot by a thief that gets the item happens before the owner's reuse of the slot ([deque.reclaim]). relacy executes reads
/// in program order, so the slot remembers who read it and when, and asks on reuse whether that is ordered.
class Slot : public model::Atomic<Item*> {
 public:
  using Base = model::Atomic<Item*>;
  using Base::Base;

  Item* load(std::memory_order order, const model::Where& where = model::Where::current()) const {
    Item* const item = Base::load(order, where);
    rl::thread_info_base& thread = *rl::ctx().threadx_;
    last_read(thread.index_) = {this, thread.own_acq_rel_order_};
    return item;
  }
  void store(Item* item, std::memory_order order, const model::Where& where = model::Where::current()) {
    const rl::thread_info_base& thread = *rl::ctx().threadx_;
    for (int reader = 0; reader < kThreads; ++reader) {
      model::check(thread.acq_rel_order_[reader] >= taken_at_[reader],
                   "a slot is reused before the read of the thief that took its item", where);
    }
    Base::store(item, order, where);
  }

  struct Read {
    const Slot* slot;
    rl::timestamp_t time;
  };

  /// What this thread has read last.
  static Read last_read() { return last_read(rl::ctx().threadx_->index_); }

  /// The thief has got what it read then.
  static void confirm_take(const Read& read) { read.slot->taken_at_[rl::ctx().threadx_->index_] = read.time; }

 private:
  static constexpr int kThreads = 3;
  static Read& last_read(int thread) {
    static Read reads[kThreads];
    return reads[thread];
  }

  mutable rl::timestamp_t taken_at_[kThreads] = {};
};

struct DequePolicy : model::ModelAtomics {
  template <class T>
  using Atomic = std::conditional_t<std::is_same_v<T, Item*>, Slot, model::Atomic<T>>;
};

/// Thread 0 owns the deque, the others steal, as many at once as they can reach.
template <class Derived, int kItems, int kThieves, int kReach = 1>
struct DequeScenario : rl::test_suite<Derived, 1 + kThieves> {
  using Deque = weft::BasicDeque<Item, DequePolicy, kReach>;

  static constexpr std::uint64_t kStart = kBeforeWrap;
  static constexpr int kStealsEach = 2;
  static constexpr bool kDrains = true;  // the owner goes on until nothing is left
  static constexpr int kBefore = 0;      // items that are there at first

  std::unique_ptr<Deque> deque;
  std::unique_ptr<Item[]> items;

  void before() {
    deque = std::make_unique<Deque>(2, Derived::kStart);
    items = std::make_unique<Item[]>(kItems);
    for (int i = 0; i < Derived::kBefore; ++i) push(i);
  }

  void thread(unsigned index) {
    auto& self = static_cast<Derived&>(*this);
    if (index == 0) {
      self.own();
    } else {
      for (int i = 0; i < Derived::kStealsEach; ++i) kReach == 1 ? steal_once() : steal_some();
    }
  }

  void after() {
    if (Derived::kDrains) {
      for (int i = 0; i < kItems; ++i) model::check(items[i].takers == 1, "an item was lost, or taken twice");
    }
    items.reset();
    deque.reset();
  }

  // ---- steps ----
  void push(int i) {
    items[i].payload = 100 + i;
    deque->push(&items[i]);
  }
  Item* pop() {
    Item* const item = deque->pop();
    if (item != nullptr) take(*item);
    return item;
  }
  void drain() {
    while (pop() != nullptr) {
    }
  }
  void steal_once() {
    const weft::Steal<Item> stolen = deque->steal();
    if (stolen.status != weft::StealStatus::Got) return;
    Slot::confirm_take(Slot::last_read());
    model::check(stolen.item != nullptr, "a thief got an empty slot");
    take(*stolen.item);
  }
  void steal_some() {
    constexpr std::size_t kMore = kReach + 1;  // than the deque gives
    std::array<Item*, kMore> stolen_items;
    std::array<Slot::Read, kMore> reads;
    const weft::StealSome stolen = deque->steal_half(kMore, [&](std::size_t i, Item* item) {
      stolen_items[i] = item;
      reads[i] = Slot::last_read();
    });
    if (stolen.status != weft::StealStatus::Got) return;
    for (std::size_t i = 0; i < stolen.count; ++i) {
      Slot::confirm_take(reads[i]);
      model::check(stolen_items[i] != nullptr, "a thief got an empty slot");
      take(*stolen_items[i]);
    }
  }
  void take(Item& item) {
    model::check(item.payload == 100 + (&item - items.get()), "the payload is not what was pushed");
    item.takers = item.takers + 1;
  }
};

struct PushAndGrow : DequeScenario<PushAndGrow, 4, 2> {
  void own() {
    push(0);
    push(1);
    push(2);  // grows from two slots to four
    pop();
    push(3);
    drain();
  }
};

struct LastItem : DequeScenario<LastItem, 2, 2> {
  static constexpr int kStealsEach = 1;
  void own() {
    push(0);
    pop();
    push(1);
    pop();
    drain();
  }
};

struct TwoItems : DequeScenario<TwoItems, 2, 2> {
  void own() {
    push(0);
    push(1);
    drain();
  }
};

/// As a join does it: the children after the first are pushed together and popped by their siblings.
struct JoinPop : DequeScenario<JoinPop, 2, 2> {
  static constexpr int kStealsEach = 1;
  void own() {
    for (int i = 0; i < 2; ++i) items[i].payload = 100 + i;
    deque->push_chain(2, [this](std::size_t i) { return &items[i]; });
    for (int i = 0; i < 2; ++i) {
      if (deque->pop_if(&items[i])) {
        take(items[i]);
        continue;
      }
      if (Item* const popped = deque->finish_pop()) take(*popped);
      break;
    }
    drain();
  }
};

/// finish_child_in_pop() gives back what is not its sibling.
struct PushBack : DequeScenario<PushBack, 2, 2> {
  static constexpr int kStealsEach = 1;
  void own() {
    push(0);
    push(1);
    if (deque->pop_if(&items[0])) model::check(false, "pop_if found what is not the newest");
    if (Item* const popped = deque->finish_pop()) deque->push(popped);
    drain();
  }
};

/// Slots that thieves have emptied are used again without growing.
struct Reuse : DequeScenario<Reuse, 5, 2> {
  static constexpr std::uint64_t kStart = 0;
  void own() {
    push(0);
    push(1);
    push(2);
    push(3);
    push(4);
    drain();
  }
};

struct PopOldest : DequeScenario<PopOldest, 3, 2> {
  static constexpr int kStealsEach = 1;
  void own() {
    push(0);
    push(1);
    if (Item* const item = deque->pop_oldest()) take(*item);
    push(2);
    drain();
  }
};

/// The owner takes what a thief that has looked before must not reach. An item that is taken twice is a race of its takers.
struct OutOfReach : DequeScenario<OutOfReach, 3, 2, 2> {
  static constexpr int kStealsEach = 1;
  static constexpr bool kDrains = false;
  static constexpr int kBefore = 3;
  void own() {
    pop();
    pop();
  }
};

/// The owner takes the newest as long as no thief can reach it, and then stands in line.
struct Reach : DequeScenario<Reach, 5, 2, 2> {
  static constexpr int kStealsEach = 1;
  void own() {
    for (int i = 0; i < 5; ++i) push(i);
    drain();
  }
};

/// Pops that end within reach because thieves have been faster, and pushes where such pops have been.
struct ReachAgain : DequeScenario<ReachAgain, 6, 2, 2> {
  static constexpr int kStealsEach = 1;
  static constexpr std::uint64_t kStart = 0;
  void own() {
    for (int i = 0; i < 4; ++i) push(i);
    pop();
    pop();
    push(4);
    push(5);
    drain();
  }
};

}  // namespace

int main(int argc, char** argv) {
  model::Explorer explorer(argc, argv);
  explorer.run<PushAndGrow>("push and grow against two thieves", {150'000, 1, 1'500'000, 2});
  explorer.run<LastItem>("owner and thieves meet at the last item", {150'000, 2, 1'500'000, 3});
  explorer.run<TwoItems>("two items, an owner who pops, thieves who steal twice", {150'000, 2, 1'500'000, 3});
  explorer.run<JoinPop>("a join whose siblings may be stolen", {150'000, 2, 1'500'000, 3});
  explorer.run<PushBack>("a pop that found another job gives it back", {150'000, 2, 1'500'000, 3});
  explorer.run<Reuse>("slots are reused after thieves", {150'000, 0, 1'500'000, 1});
  explorer.run<PopOldest>("the owner in line with the thieves", {150'000, 2, 1'500'000, 3});
  explorer.run<OutOfReach>("thieves take two at once, and the owner pops twice", {150'000, 2, 1'500'000, 3});
  explorer.run<Reach>("thieves take two at once from an owner who pops", {150'000, 1, 1'500'000, 2});
  explorer.run<ReachAgain>("thieves take two at once from an owner who pops and pushes", {150'000, 1, 1'500'000, 2});
  return explorer.finish();
}
