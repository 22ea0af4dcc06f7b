"""Scores over the severity of corruptions."""
