"""Windows of recordings that are corrupted as they are read."""
