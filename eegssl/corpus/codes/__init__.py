"""Store codes of patches, and count what they stand for."""
