"""What the benchmarks stand on: servers, made-up memories, times in turns, bounds."""
