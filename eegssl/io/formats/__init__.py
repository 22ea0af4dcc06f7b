"""Read recordings, whatever format they are in."""
