"""The page of probes: its words, figures and tables."""
