"""A local GitHub-Actions-compatible cache, artifact and REST service; see docs/service.md."""
