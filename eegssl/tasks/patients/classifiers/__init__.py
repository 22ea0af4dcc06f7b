"""Classify patients from few rows."""
