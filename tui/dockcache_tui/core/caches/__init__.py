"""GitHub Actions caches: their keys, whose they are, what goes next, what a run restores, and what to clean."""
