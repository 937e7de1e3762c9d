// expect: weft does not work with -fsanitize=safe-stack
// expect(gcc): none
// flags(clang): -fsanitize=safe-stack
#include <weft/base/platform.hpp>
