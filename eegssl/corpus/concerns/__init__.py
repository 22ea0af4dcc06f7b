"""Concerns about a corpus that its user has to be told."""
