"""Score forecasts of signals and phases."""
