"""See what a Docker build cache holds, which branch each part belongs to, and which steps a build reuses."""
