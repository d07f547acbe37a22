"""GitHub over REST: a repository's Actions caches, what they belong to, and their deletion."""
