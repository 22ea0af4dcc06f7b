"""Open stored recordings, split them, and batch their windows."""
