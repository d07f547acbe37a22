"""What a cache is: frozen data and pure functions, without any I/O."""
