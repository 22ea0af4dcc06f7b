"""Show a training while it runs: log, picture, trackers, state."""
