"""Predict embeddings of hidden patches, and keep them apart."""
