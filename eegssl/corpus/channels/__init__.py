"""Ways from the labels of a file to its channels."""
