"""Name, place and re-reference channels."""
