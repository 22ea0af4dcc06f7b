"""Count and draw windows of a tiling without listing them."""
