"""The REST endpoints: what GitHub calls API v3."""
