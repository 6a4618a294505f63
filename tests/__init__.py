"""Tests, in the same tree as the code; tests/contracts, tests/e2e and tests/benchmarks beside it."""
