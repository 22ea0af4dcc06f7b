"""Show a training that is running as a picture."""
