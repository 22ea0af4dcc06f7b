"""What every result is shown beside."""
