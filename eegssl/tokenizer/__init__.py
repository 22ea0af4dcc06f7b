"""Turn EEG patches into codes of a learned codebook, and back."""
