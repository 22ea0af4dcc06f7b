"""Figures and HTML from predictions and scores."""
