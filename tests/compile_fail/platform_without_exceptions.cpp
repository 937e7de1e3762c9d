// expect: weft needs exceptions
// flags: -fno-exceptions
#include <weft/base/platform.hpp>
