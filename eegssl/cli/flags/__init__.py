"""The flags of commands that are more than one line each."""
