"""Read channel labels, and place channels on the head."""
