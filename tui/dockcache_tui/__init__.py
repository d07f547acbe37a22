"""See what a Docker build cache holds, whose branch it is, and why a step missed."""
