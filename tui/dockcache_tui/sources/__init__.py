"""The outside world, one module a system, and the only place with I/O."""
