"""Make two views of a window, and compare views."""
