"""Score events, units and subgroups of a task of labels."""
