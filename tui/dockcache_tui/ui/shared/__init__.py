"""What the views of all areas are made of."""
