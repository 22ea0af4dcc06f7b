"""Run eegssl from a command line."""
