"""Read new files as the recordings that a model learned from."""
