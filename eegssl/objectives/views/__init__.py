"""Make two views of a window, and compare them with those of others."""
