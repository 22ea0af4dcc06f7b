"""Cut labelled windows from events and tables."""
