"""Turn EDF files into clean recordings on disk."""
