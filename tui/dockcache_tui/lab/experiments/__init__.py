"""The experiments, run on this machine as their jobs would run."""
