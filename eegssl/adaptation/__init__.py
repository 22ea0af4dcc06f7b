"""How an encoder is adapted to a task: a probe on frozen weights, or all of it."""
