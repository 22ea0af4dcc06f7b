"""Which patches pretraining hides: random or by brain region; pure NumPy, seeded."""
