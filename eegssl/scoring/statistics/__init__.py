"""Compute intervals, resample and test."""
