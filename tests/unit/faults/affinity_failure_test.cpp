// The kernel lets nobody bind threads: whoever asks for it is told, or runs unbound.
#include <catch2/catch.hpp>
#include <weft/weft.hpp>

#include "refusing_affinity.hpp"

#include <optional>
#include <string>

using weft::PinningStrategy;
using weft::Runtime;
using weft_test::RefusingAffinity;

TEST_CASE("where threads cannot be bound, the reason is the kernel's") {
  const RefusingAffinity refusing;
  CHECK_THROWS_MATCHES(Runtime({.pinning = PinningStrategy::AvoidSMT}), weft::LimitError,
                       Catch::Matchers::Predicate<weft::LimitError>([](const weft::LimitError& error) {
                         return std::string(error.what()).find("(Operation not permitted)") != std::string::npos;
                       }));
}

TEST_CASE("where threads cannot be bound, best effort runs them unbound") {
  const RefusingAffinity refusing;
  Runtime rt{{.workers = 1, .pinning = PinningStrategy::AvoidSMT, .pinning_best_effort = true}};
  CHECK(rt.spawn([] { return 7; }).wait() == 7);
  CHECK(rt.stats().workers[0].processor == std::nullopt);
}

TEST_CASE("where threads cannot be bound any more, what was started runs unbound") {
  Runtime rt{{.workers = 1, .pinning = PinningStrategy::AvoidSMT}};
  const RefusingAffinity refusing;
  CHECK(rt.spawn([] { return 7; }).wait() == 7);
  CHECK(rt.stats().workers[0].processor == std::nullopt);
}
