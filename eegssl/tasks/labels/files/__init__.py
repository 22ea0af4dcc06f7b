"""Tell of one file of EEG what was detected in it."""
