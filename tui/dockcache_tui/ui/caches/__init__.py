"""A repository's Actions caches, and an organisation's repositories."""
