"""Builder records: what they are, their forest, and what pruning them would free."""
