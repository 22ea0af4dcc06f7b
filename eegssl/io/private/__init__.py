"""Keep names apart, and search outputs for them."""
