"""The mutants that mutants.py runs: (name, model, file, text, replacement), and for survivors the reason."""

DEQUE = 'include/weft/queue/deque.hpp'
COUNTER = 'include/weft/coro/counter_word.hpp'
IDLE = 'lib/sched/idle.hpp'
PARKER = 'lib/base/parker.hpp'
INJECTOR = 'lib/queue/injector.hpp'
JOIN = 'include/weft/coro/join.hpp'
GLUE = 'tests/model/sched/idle_model.cpp'

CONTROLS = ['queue/deque', 'coro/counter', 'coro/join', 'sched/idle']

MUTANTS = [
    # ---- the deque ----
    ('deque.publish: release to relaxed', 'queue/deque', DEQUE,
     'bottom_.store(b + count, release);', 'bottom_.store(b + count, relaxed);'),
    ('deque.dekker_a: claim of the slot, seq_cst to acq_rel', 'queue/deque', DEQUE,
     'bottom_.exchange(b, seq_cst);', 'bottom_.exchange(b, acq_rel);'),
    ('deque.dekker_a: look at top in pop_if, seq_cst to acquire', 'queue/deque', DEQUE,
     'const Index t = top_.load(seq_cst);\n    // relaxed: the owner wrote this slot itself.',
     'const Index t = top_.load(acquire);\n    // relaxed: the owner wrote this slot itself.'),
    ('deque.dekker_a: look at top in finish_pop, seq_cst to acquire', 'queue/deque', DEQUE,
     'Index t = top_.load(seq_cst);\n    T* item = nullptr;', 'Index t = top_.load(acquire);\n    T* item = nullptr;'),
    ('deque.dekker_b: look at bottom in steal, seq_cst to acquire', 'queue/deque', DEQUE,
     'const Index b = bottom_.load(seq_cst);\n    if (distance(t, b) <= 0) return {StealStatus::Empty, nullptr};',
     'const Index b = bottom_.load(acquire);\n    if (distance(t, b) <= 0) return {StealStatus::Empty, nullptr};'),
    ('deque.ring: acquire to relaxed', 'queue/deque', DEQUE,
     'Ring* const ring = ring_.load(acquire);', 'Ring* const ring = ring_.load(relaxed);'),
    ('deque.grow: release to relaxed', 'queue/deque', DEQUE,
     'ring_.store(bigger, release);', 'ring_.store(bigger, relaxed);'),
    ('deque.take: by the thief, seq_cst to acq_rel', 'queue/deque', DEQUE,
     'if (!top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) {',
     'if (!top_.compare_exchange_strong(t, t + 1, acq_rel, relaxed)) {'),
    ('deque.take: by the thief, seq_cst to acquire', 'queue/deque', DEQUE,
     'if (!top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) {',
     'if (!top_.compare_exchange_strong(t, t + 1, acquire, relaxed)) {'),
    ('deque.reclaim: acquire to relaxed', 'queue/deque', DEQUE,
     'const Index t = top_.load(acquire);', 'const Index t = top_.load(relaxed);'),
    ('deque: the last item is taken without an exchange', 'queue/deque', DEQUE,
     'if (!top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) item = nullptr;', 'top_.store(t + 1, seq_cst);'),
    ('deque: pop_if takes the last item', 'queue/deque', DEQUE,
     'return distance(t, b) > 0 && slots_', 'return distance(t, b) >= 0 && slots_'),
    ('deque: room for one too many', 'queue/deque', DEQUE,
     'limit_ = lowest + ring->mask + 1;', 'limit_ = lowest + ring->mask + 2;'),
    # ---- the counter ----
    ('counter.zero: sub, release to relaxed', 'coro/counter', COUNTER,
     'word_.fetch_sub(n * kOne, release);', 'word_.fetch_sub(n * kOne, relaxed);'),
    ('counter.zero: is_complete, acquire to relaxed', 'coro/counter', COUNTER,
     'return is_complete_in(word_.load(acquire));', 'return is_complete_in(word_.load(relaxed));'),
    ('counter.zero: look, acquire to relaxed', 'coro/counter', COUNTER,
     'const Word word = word_.load(acquire);', 'const Word word = word_.load(relaxed);'),
    ('counter.lock: acquire to relaxed', 'coro/counter', COUNTER,
     'word_.compare_exchange_weak(word, word | bits, acquire, relaxed)',
     'word_.compare_exchange_weak(word, word | bits, relaxed, relaxed)'),
    ('counter.unlock: by all, release to relaxed', 'coro/counter', COUNTER,
     'word_.fetch_xor(change, release);', 'word_.fetch_xor(change, relaxed);'),
    ('counter.unlock: by a waiter, release to relaxed', 'coro/counter', COUNTER,
     'list_ = &node;\n    unlock(kLocked);', 'list_ = &node;\n    word_.fetch_xor(kLocked, relaxed);'),
    ('counter.unlock: by the settler, release to relaxed', 'coro/counter', COUNTER,
     'unlock(change);\n    // ---- the counter may be gone (L4) ----',
     'word_.fetch_xor(change, relaxed);\n    // ---- the counter may be gone (L4) ----'),
    ('counter.unlock: by a settler that finds an add, release to relaxed', 'coro/counter', COUNTER,
     'word_.fetch_xor(kSettled, release);', 'word_.fetch_xor(kSettled, relaxed);'),
    ('counter.unlock: by begin_round, release to relaxed', 'coro/counter', COUNTER,
     'change |= kError | kSeen;\n    }\n    unlock(change);',
     'change |= kError | kSeen;\n    }\n    word_.fetch_xor(change, relaxed);'),
    ('counter.unlock: by look_at_error, release to relaxed', 'coro/counter', COUNTER,
     'unlock(change);\n    return true;', 'word_.fetch_xor(change, relaxed);\n    return true;'),
    ('counter: a waiter that is entering at zero is forgotten (C1)', 'coro/counter', COUNTER,
     """word, kLocked | kWaited)) {
      if (look(node)) return false;
      // A new round has begun in between.
    }
    node.next = list_;
    list_ = &node;
    unlock(kLocked);""",
     """word)) {
      if (look(node)) return false;
    }
    Node* const first = list_;
    node.next = first;
    list_ = &node;
    unlock(first == nullptr ? kLocked | kWaited : kLocked);"""),
    ('counter: a waiter enters a list that nobody will take (C1)', 'coro/counter', COUNTER,
     'while (!lock_unless(is_complete_in, word, kLocked | kWaited)) {',
     'while (!lock_unless([](Word) { return false; }, word, kLocked | kWaited)) {'),
    ('counter: a round ends although somebody has added (C2)', 'coro/counter', COUNTER,
     'if (!lock_unless([](Word now) { return count(now) != 0; }, word)) {',
     'if (!lock_unless([](Word) { return false; }, word)) {'),
    ('counter: an add does not wait for the settler (C3)', 'coro/counter', COUNTER,
     'if ((before & kWaited) != 0) {\n      typename', 'if (false) {\n      typename'),
    ('counter: complete without regard to waiters (C4)', 'coro/counter', COUNTER,
     'return count(word) == 0 && (word & kWaited) == 0; }', 'return count(word) == 0; }'),
    ('counter: the value is zero before the round is over', 'coro/counter', COUNTER,
     'return count(word) == 0 && (word & kWaited) != 0 ? 1 : count(word);', 'return count(word);'),
    ('counter: the waiters are handed the error after the counter may be gone', 'coro/counter', COUNTER,
     'oldest->error = next != nullptr ? error : std::move(error);', 'oldest->error = error_;'),
    ('counter: the waiters are not handed the error', 'coro/counter', COUNTER,
     'oldest->error = next != nullptr ? error : std::move(error);', ''),
    ('counter: an error that was handed to waiters counts as unseen', 'coro/counter', COUNTER,
     'error = error_;\n      change |= ~word & kSeen;\n    }\n    unlock(change);\n    // ----',
     'error = error_;\n    }\n    unlock(change);\n    // ----'),
    ('counter: an error that was looked at counts as unseen', 'coro/counter', COUNTER,
     'node.error = error_;\n      change |= ~word & kSeen;', 'node.error = error_;'),
    ('counter: a new round does not forget the last one\'s error (C5)', 'coro/counter', COUNTER,
     'if ((word & (kError | kSeen)) == (kError | kSeen)) {', 'if (false) {'),
    ('counter: a new round forgets an error that nobody has seen', 'coro/counter', COUNTER,
     'if ((word & (kError | kSeen)) == (kError | kSeen)) {', 'if ((word & kError) != 0) {'),
    ('counter: a new round does not look at an error that is being looked at', 'coro/counter', COUNTER,
     'Error seen{};  // goes after', 'if ((before & kSeen) == 0) return;\n    Error seen{};  // goes after'),
    ('counter: an error that was seen is not replaced', 'coro/counter', COUNTER,
     'if ((word & (kError | kSeen)) != kError) {', 'if ((word & kError) == 0) {'),
    ('counter: an error that nobody has seen is replaced', 'coro/counter', COUNTER,
     'if ((word & (kError | kSeen)) != kError) {', 'if (true) {'),
    ('counter: an error is looked at without the lock', 'coro/counter', COUNTER,
     'if (!lock_unless([](Word now) { return !is_complete_in(now); }, word)) return false;  // a new round has begun\n    Word change = kLocked;',
     'word = word_.load(acquire);\n    Word change = 0;'),
    ('counter: the error of a round that runs is looked at', 'coro/counter', COUNTER,
     'if (!lock_unless([](Word now) { return !is_complete_in(now); }, word)) return false;',
     'word = lock();'),
    # ---- the join ----
    ('join.arrive: acq_rel to acquire', 'coro/join', JOIN,
     'pending_.fetch_sub(credit, acq_rel)', 'pending_.fetch_sub(credit, acquire)'),
    ('join.arrive: acq_rel to release', 'coro/join', JOIN,
     'pending_.fetch_sub(credit, acq_rel)', 'pending_.fetch_sub(credit, release)'),
    ('join: what was popped is not given back', 'coro/join', JOIN,
     'worker->fork_deque->push(popped);', ''),
    ('join: the open pop is not completed', 'coro/join', JOIN,
     'auto* const popped = worker->fork_deque->finish_pop();', 'typename Child::Job* const popped = nullptr;'),
    ('join: the parent goes on although something else was popped', 'coro/join', JOIN,
     'if (parent == nullptr) return popped;', 'if (popped != nullptr) return popped;'),
    # ---- the idle protocol ----
    ('idle.announce: no fence before the last look', 'sched/idle', IDLE,
     'host.heavy_fence();\n    const bool must_look', 'const bool must_look'),
    ('idle.announce: no fence before a guest\'s last look', 'sched/idle', IDLE,
     'host.heavy_fence();\n  if (host.has_visible_work()) host.wake_one();', 'if (host.has_visible_work()) host.wake_one();'),
    ('idle.push_a: no light fence', 'sched/idle', GLUE,
     'void light_fence() { model::seq_cst_fence(); }', 'void light_fence() {}'),
    ('idle: no last look', 'sched/idle', IDLE,
     'const bool must_look = host.has_visible_work() || host.is_stopping();', 'const bool must_look = host.is_stopping();'),
    ('idle: no look whether the pool stops', 'sched/idle', IDLE,
     'const bool must_look = host.has_visible_work() || host.is_stopping();', 'const bool must_look = host.has_visible_work();'),
    ('idle: a guest leaves without a look', 'sched/idle', IDLE,
     'if (host.has_visible_work()) host.wake_one();', ''),
    ('idle: the baton is dropped', 'sched/idle', IDLE,
     '--searching_;\n    update_hint();\n    return searching_ == 0 && asleep() > 0;',
     '--searching_;\n    update_hint();\n    return false;'),
    ('idle: nobody takes the place of a worker without a thread', 'sched/idle', IDLE,
     '--workers_;\n    update_hint();\n    return searching_ == 0 && asleep() > 0;',
     '--workers_;\n    update_hint();\n    return false;'),
    ('idle: a claimed worker does not count as searching (I3)', 'sched/idle', IDLE,
     'if (searching_ > 0 || sleepers_.empty()) return std::nullopt;\n    ++searching_;',
     'if (searching_ > 0 || sleepers_.empty()) return std::nullopt;'),
    ('idle: a claimed worker goes on without its wake-up', 'sched/idle', IDLE,
     'if (must_look && idle.cancel_sleep(worker)) {', 'if (must_look && (idle.cancel_sleep(worker), true)) {'),
    ('parker.token: park, acquire to relaxed', 'sched/idle', PARKER,
     'token_.exchange(kNone, acquire)', 'token_.exchange(kNone, relaxed)'),
    ('parker.token: unpark, release to relaxed', 'sched/idle', PARKER,
     'token_.exchange(kLeft, release)', 'token_.exchange(kLeft, relaxed)'),
    ('parker: the token is left without a wake-up', 'sched/idle', PARKER,
     'if (token_.exchange(kLeft, release) == kNone) Policy::futex_wake(&token_, 1);', 'token_.exchange(kLeft, release);'),
]

# Why a weaker order goes unnoticed. The first two are limits of relacy, the others show orders stronger than they need be.
IN_ORDER = 'relacy executes loads in program order'
FUTURE = 'relacy does not read from the future'
HOLDS = 'who keeps an error gives back a count after it, which is a release'
FENCED = 'the fence beside it is enough'
OWN_EXCHANGE = 'a thief whose look at top is stale fails its own exchange'

SURVIVORS = [
    ('deque.take: by the owner, seq_cst to acq_rel', 'queue/deque', DEQUE,
     'if (!top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) item = nullptr;',
     'if (!top_.compare_exchange_strong(t, t + 1, acq_rel, relaxed)) item = nullptr;', OWN_EXCHANGE),
    ('deque.publish: bottom goes back after a pop, release to relaxed', 'queue/deque', DEQUE,
     'bottom_.store(b + 1, release);', 'bottom_.store(b + 1, relaxed);', FUTURE),
    ('deque.dekker_b: look at top in steal, seq_cst to acquire', 'queue/deque', DEQUE,
     'Index t = top_.load(seq_cst);\n    // [deque.dekker_b] seq_cst: second half.',
     'Index t = top_.load(acquire);\n    // [deque.dekker_b] seq_cst: second half.', IN_ORDER),
    ('deque.dekker_b: look at top in steal, seq_cst to relaxed', 'queue/deque', DEQUE,
     'Index t = top_.load(seq_cst);\n    // [deque.dekker_b] seq_cst: second half.',
     'Index t = top_.load(relaxed);\n    // [deque.dekker_b] seq_cst: second half.', IN_ORDER),
    ('counter.unlock: by keep_error, release to relaxed', 'coro/counter', COUNTER,
     'change |= (~word & kError) | (word & kSeen);\n    }\n    unlock(change);',
     'change |= (~word & kError) | (word & kSeen);\n    }\n    word_.fetch_xor(change, relaxed);', HOLDS),
    ('idle.announce: the hint, seq_cst to relaxed', 'sched/idle', IDLE,
     'hint_.store(wanted ? 1 : 0, seq_cst);', 'hint_.store(wanted ? 1 : 0, relaxed);', FENCED),
    ('idle.look_a: top, seq_cst to relaxed', 'sched/idle', DEQUE,
     'const Index t = top_.load(seq_cst);\n    // [idle.look_a]', 'const Index t = top_.load(relaxed);\n    // [idle.look_a]',
     FENCED),
    ('idle.look_a: bottom, seq_cst to relaxed', 'sched/idle', DEQUE,
     'const Index b = bottom_.load(seq_cst);\n    return distance', 'const Index b = bottom_.load(relaxed);\n    return distance',
     FENCED),
    ('idle.inject: push, seq_cst to relaxed', 'sched/idle', INJECTOR,
     'size_.store(size_.load(relaxed) + count, seq_cst);', 'size_.store(size_.load(relaxed) + count, relaxed);', FENCED),
    ('idle.inject: look, seq_cst to relaxed', 'sched/idle', INJECTOR,
     'return size_.load(seq_cst);', 'return size_.load(relaxed);', FENCED),
]
