"""Score lists of events."""
