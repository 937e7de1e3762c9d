// expect: weft needs C++20 with coroutines
// flags: -std=c++17 -Wfatal-errors
#include <weft/weft.hpp>
