"""Corruptions of clean EEG, to test models by."""
