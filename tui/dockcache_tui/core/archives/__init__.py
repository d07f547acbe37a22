"""What an archive holds: images, layers, files, build records."""
