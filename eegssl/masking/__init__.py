"""Draw which patches pretraining hides."""
