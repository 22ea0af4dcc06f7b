"""Embed EEG windows patch by patch."""
