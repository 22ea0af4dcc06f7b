"""Read recordings without labels, such as new files."""
