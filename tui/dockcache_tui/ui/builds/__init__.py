"""Builds: their list, one build with its steps and output, and what is built next."""
