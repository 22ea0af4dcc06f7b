"""Learn and score every kind of task by one flow."""
