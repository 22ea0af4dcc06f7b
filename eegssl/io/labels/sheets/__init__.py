"""Read label sheets by the columns that their user names."""
