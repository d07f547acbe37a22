"""BuildKit's cache keys, recomputed: what a step is looked up by, and when a record of a builder answers it."""
