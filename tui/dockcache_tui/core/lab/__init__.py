"""What came of the experiments: jobs, runs, medians, comparisons and their tables."""
