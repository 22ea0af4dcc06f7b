"""What an encoder is adapted to: labels, classes and windows."""
