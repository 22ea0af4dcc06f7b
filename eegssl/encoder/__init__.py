"""The encoder: patch and spatial embeddings, transformer, pooling."""
