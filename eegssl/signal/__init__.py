"""Describe channels and filter EEG, as NumPy arrays."""
