"""Fit any model by one loop, on one device or many."""
