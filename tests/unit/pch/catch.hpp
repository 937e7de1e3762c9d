// What every test file includes first, compiled once for each program.
#include <catch2/catch.hpp>
