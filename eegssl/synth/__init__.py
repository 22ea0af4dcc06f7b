"""The synthetic clinical corpus: sources, seizures and artifacts with a known truth."""
