"""Forecast the frequency and phase of each band."""
