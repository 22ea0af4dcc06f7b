"""Settings in TOML: model sizes and data the code reads."""
