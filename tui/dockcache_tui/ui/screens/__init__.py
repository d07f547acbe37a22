"""Views and modal screens."""
