"""Check recordings for damage, duplicates and leaks."""
