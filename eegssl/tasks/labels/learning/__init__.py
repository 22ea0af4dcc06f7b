"""Train on labelled windows: batches and their loss."""
