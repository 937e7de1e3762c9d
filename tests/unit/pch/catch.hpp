// What every test file includes first, compiled once for each program whose files are compiled one by one.
#include <catch2/catch.hpp>
