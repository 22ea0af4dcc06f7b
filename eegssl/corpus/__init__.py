"""Recordings on disk to windows: store, splits, sampling, NumPy batches (no torch)."""
