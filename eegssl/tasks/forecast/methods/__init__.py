"""Forecast by heads, autoregression and networks."""
