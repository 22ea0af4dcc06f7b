"""Build the sections of a page about labels."""
