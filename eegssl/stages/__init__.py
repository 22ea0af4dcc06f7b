"""One file per command: run(config) -> artifact; here things are wired together."""
