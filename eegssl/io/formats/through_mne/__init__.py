"""Read the formats that MNE-Python reads."""
