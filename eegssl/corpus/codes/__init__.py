"""Store codes of patches, and describe what they respond to."""
