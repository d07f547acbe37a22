"""A private engine and what is tried on it."""
