"""What an encoder knows: linear probes of its embeddings, likeness of layers."""
