"""Forecast the signal."""
