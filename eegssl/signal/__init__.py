"""EEG as NumPy arrays: electrodes, regions, derivations, filters (no torch, no files)."""
