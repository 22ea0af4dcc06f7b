"""Settings: stage configurations, presets, and resolving them."""
