"""Builds and their steps: progress as it comes, reuse, time saved."""
