"""Fit the baselines that every result is shown beside."""
