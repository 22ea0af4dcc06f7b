"""Locks of output folders and of shared files."""
