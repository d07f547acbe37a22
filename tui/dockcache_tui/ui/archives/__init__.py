"""Archives and artifacts: their list, one archive with its layers and files, and what differs between two."""
