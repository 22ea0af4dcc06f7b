"""Processes that read files: their limits, and how many there are."""
