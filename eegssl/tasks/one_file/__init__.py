"""Read one file of EEG with a model, and answer."""
