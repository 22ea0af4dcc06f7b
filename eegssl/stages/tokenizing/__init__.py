"""Steps of `tokenize`."""
