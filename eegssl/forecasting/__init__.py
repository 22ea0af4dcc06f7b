"""What comes next: contexts and targets, methods that forecast signals, and their phase."""
