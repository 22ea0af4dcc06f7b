"""Scores as pure NumPy: window and event metrics, thresholds."""
