"""What each place keeps, and what the last builds reused."""
