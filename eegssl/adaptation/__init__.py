"""Adapt an encoder to a task."""
