#include "canary.hpp"

int main() { return weft_test::run_canaries() == 0 ? 0 : 1; }
