"""Predictions of corrupted recordings, and their scores."""
