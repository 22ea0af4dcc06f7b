"""Show what the codes of a codebook stand for."""
