"""Make a synthetic clinical corpus whose truth is known."""
