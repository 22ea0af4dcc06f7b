"""Forecast what comes after the end of a file."""
