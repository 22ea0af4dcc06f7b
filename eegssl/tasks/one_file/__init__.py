"""Read one file of EEG with a model, and say what it answers."""
