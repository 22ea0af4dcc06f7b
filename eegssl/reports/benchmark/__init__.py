"""Show the systems of a benchmark beside each other."""
