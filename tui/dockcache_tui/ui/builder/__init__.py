"""A builder's records, and what pruning some of them frees."""
