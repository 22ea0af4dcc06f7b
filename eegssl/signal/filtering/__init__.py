"""Filter and resample recordings."""
