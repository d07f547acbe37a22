"""The experiments of this machine."""
