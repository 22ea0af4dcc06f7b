"""Two views of a window that differ in what does not matter."""
