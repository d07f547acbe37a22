"""Archives on this machine, read without unpacking and without a daemon."""
