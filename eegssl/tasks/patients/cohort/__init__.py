"""Read who is in a cohort, and with which outcome."""
