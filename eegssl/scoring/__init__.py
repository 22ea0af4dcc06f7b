"""Score predictions of windows, events, forecasts and numbers, with NumPy."""
